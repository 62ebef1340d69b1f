//! Numerics alone, each with its source cited and reference vectors tested.

pub mod reading;
