//! A Prometheus endpoint on loopback that shows what it is told to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

pub(crate) struct Endpoint {
    port: u16,
    page: Arc<Mutex<Option<String>>>,
}

impl Endpoint {
    pub(crate) fn serve(page: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let endpoint = Self {
            port: listener.local_addr().unwrap().port(),
            page: Arc::new(Mutex::new(Some(page.to_owned()))),
        };
        let shown = Arc::clone(&endpoint.page);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut buffer = [0; 4096];
                if stream.read(&mut buffer).unwrap_or(0) == 0 {
                    continue;
                }
                let (status, page) = match shown.lock().unwrap().clone() {
                    Some(page) => ("200 OK", page),
                    None => ("500 No", String::new()),
                };
                let length = page.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                drop(stream.write_all((head + &page).as_bytes()));
            }
        });
        endpoint
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.port)
    }

    pub(crate) fn show(&self, page: &str) {
        *self.page.lock().unwrap() = Some(page.to_owned());
    }

    pub(crate) fn fail(&self) {
        *self.page.lock().unwrap() = None;
    }
}
