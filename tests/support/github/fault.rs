//! What goes wrong, once, for the next request that it is about.

use std::time::Duration;

use super::World;

pub(crate) struct Fault {
    method: &'static str,
    part: &'static str,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// Another answer; nothing is done.
    Instead {
        status: u16,
        headers: Vec<(&'static str, String)>,
        message: &'static str,
    },
    /// It is done, and the answer says that the server failed.
    DoneBut(u16),
    /// It is done, and half of the answer comes.
    CutOff,
    /// It is done, and the answer comes late.
    Late(Duration),
    /// Another job does something first.
    Meanwhile(Box<dyn FnOnce(&mut World) + Send>),
    /// Another job does something right after.
    Then(Box<dyn FnOnce(&mut World) + Send>),
}

impl Fault {
    /// For the next request of this method whose path holds this part.
    pub(crate) fn on(method: &'static str, part: &'static str, what: What) -> Self {
        Self { method, part, what }
    }

    pub(crate) fn instead(
        method: &'static str,
        part: &'static str,
        status: u16,
        headers: &[(&'static str, &str)],
        message: &'static str,
    ) -> Self {
        let headers = headers.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        let what = What::Instead {
            status,
            headers,
            message,
        };
        Self::on(method, part, what)
    }

    pub(crate) fn is_for(&self, method: &str, path: &str) -> bool {
        self.method == method && path.contains(self.part)
    }
}
