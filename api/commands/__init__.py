"""The commands of `messenger`: thin, each over a service."""
