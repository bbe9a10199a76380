//! Everything the user is told: messages in GNU's wording and quoting, and statistics. The only mouth of the program.
