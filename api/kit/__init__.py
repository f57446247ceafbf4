"""What every room stands on: database, errors, paging, phone numbers, ids, logs, secrets."""
