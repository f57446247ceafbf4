"""The whole audit log for administrators: filtered, exported, proved."""
