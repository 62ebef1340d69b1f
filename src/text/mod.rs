//! Text for people: names from outside made harmless, long ones shortened, misspelt ones recognised; times.

pub mod duration;
pub mod nearest;
pub mod sanitize;
pub mod shorten;
