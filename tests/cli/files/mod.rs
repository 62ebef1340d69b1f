//! What whole commands do to files: outputs that are special, protected, inputs or each other, baselines that cannot
//! be reached, and processes that are killed while they write.

mod collisions;
mod desk;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod killed;
#[cfg(unix)]
mod outputs;
#[cfg(unix)]
mod told;
mod unreachable;
