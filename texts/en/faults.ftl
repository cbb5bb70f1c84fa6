error-database-away = The database cannot be reached right now; nothing was changed. Please try again in a few seconds, and call if it is urgent.
