"""The Service page: workers, queues, lines and versions, for administrators."""
