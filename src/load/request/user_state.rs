//! What one user of the service has.

use super::jar::Jar;
use crate::load::template::Values;

/// The values and cookies that one user has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserState {
    pub values: Values,
    pub jar: Jar,
}
