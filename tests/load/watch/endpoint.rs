//! A Prometheus endpoint on loopback that shows what it is told to.

use std::sync::{Arc, Mutex};

use crate::support::server::{Asked, Reply, Script, Server};

pub(crate) struct Endpoint {
    server: Server,
    page: Arc<Mutex<Option<String>>>,
}

impl Endpoint {
    pub(crate) fn serve(page: &str) -> Self {
        let page = Arc::new(Mutex::new(Some(page.to_owned())));
        let shown = Arc::clone(&page);
        let reply = move |_: &Asked| match shown.lock().unwrap().clone() {
            Some(page) => Reply::text(&page),
            None => Reply::status(500),
        };
        let server = Server::start(Script::new().on("/metrics", reply));
        Self { server, page }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("/metrics")
    }

    pub(crate) fn show(&self, page: &str) {
        *self.page.lock().unwrap() = Some(page.to_owned());
    }

    pub(crate) fn fail(&self) {
        *self.page.lock().unwrap() = None;
    }
}
