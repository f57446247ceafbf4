"""`python -m api` is `messenger`."""

from api.cli import main

if __name__ == "__main__":
    main()
