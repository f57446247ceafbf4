"""The built-in carrier of sandbox lines, which texts nobody."""
