//! `perfgate baseline`: runs are added to a baseline, it is shown, an anchor is pinned.

pub(crate) mod admission;
pub(crate) mod pin;
pub(crate) mod show;
pub(crate) mod update;
