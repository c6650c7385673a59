"""The only importer of SQLAlchemy: Core on SQLite or PostgreSQL, no ORM.

The database decides: state changes are compare-and-swap updates, one transaction a use case.
"""
