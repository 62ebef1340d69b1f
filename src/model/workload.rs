//! What makes two numbers comparable: the same work, put on by the same tool, on the same kind of machine.

use super::Ordered;

/// What a tool was asked to do, as far as its result says so.
///
/// What the speed of the service can change (requests made, the rate that was reached) is no part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// Covers everything that defines the load (steps, bodies, phases, rate, users, data, think times), and not the
    /// address of the service.
    pub digest: Option<String>,
    /// What was asked for, by name, as people write it: `rate` is `200/s`. It names what changed between two loads.
    pub terms: Ordered<String, String>,
}
