//! Text for people: names from outside made harmless, long ones shortened, misspelt ones recognised; times, and tables.

pub mod columns;
pub mod duration;
pub mod nearest;
pub mod sanitize;
pub mod shorten;
