//! Text for people: names from outside made harmless, long ones shortened, misspelt ones recognised.

pub mod nearest;
pub mod sanitize;
pub mod shorten;
