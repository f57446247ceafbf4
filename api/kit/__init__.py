"""What two or more slices use: database, bulk writing, errors, paging, phone numbers, text, ids, secrets."""
