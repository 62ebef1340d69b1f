//! The keys of a terminal while something is measured: `t` asks how it goes.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use elsewhere::{Keys, give_back};
#[cfg(unix)]
pub(crate) use unix::{Keys, give_back};
