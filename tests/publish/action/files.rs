//! A place that archives are downloaded from: a few files over HTTP on loopback, encrypted unless asked otherwise.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Of the certificate for 127.0.0.1 and localhost; the machine of the runner knows it.
pub(crate) const AUTHORITY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/tls-github/ca.pem"
);

/// What is answered for a path.
#[derive(Clone)]
pub(crate) enum Answer {
    File(Vec<u8>),
    /// For whoever has this token, and nothing for others.
    With(String, Box<Answer>),
    Redirect(String),
}

/// A request as it came.
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
}

pub(crate) struct FileServer {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FileServer {
    /// Serves until the test ends.
    pub(crate) fn start(files: &[(&str, Vec<u8>)]) -> Self {
        let answers = files
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), Answer::File(bytes.clone())));
        Self::answering(answers.collect(), true)
    }

    pub(crate) fn answering(answers: Vec<(String, Answer)>, encrypted: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if encrypted { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            let config = encrypted.then(tls);
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                match &config {
                    None => answer(stream, &answers, &noted),
                    Some(config) => {
                        let session = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                        answer(rustls::StreamOwned::new(session, stream), &answers, &noted);
                    }
                }
            }
        });
        Self { url, asked }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap()
    }

    /// How many requests there were.
    pub(crate) fn served(&self) -> usize {
        self.asked().len()
    }
}

fn tls() -> Arc<rustls::ServerConfig> {
    let at = |name: &str| AUTHORITY.replace("ca.pem", name);
    let chain = CertificateDer::pem_file_iter(at("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(at("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    Arc::new(config)
}

fn answer(mut stream: impl Read + Write, answers: &[(String, Answer)], noted: &Mutex<Vec<Asked>>) {
    let mut path = String::new();
    let mut authorization = None;
    for (at, line) in BufReader::new(&mut stream)
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .enumerate()
    {
        if at == 0 {
            path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        } else if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            authorization = Some(value.to_owned());
        }
    }
    // Whoever does not like the certificate says nothing.
    if path.is_empty() {
        return;
    }
    let found = answers.iter().find(|(known, _)| *known == path);
    let mut found = found.map(|(_, answer)| answer);
    if let Some(Answer::With(token, behind)) = found {
        let is_known = authorization.as_deref() == Some(&format!("Bearer {token}"));
        found = is_known.then_some(behind);
    }
    let (status, more, body) = match found {
        Some(Answer::File(bytes)) => ("200 OK", String::new(), bytes.as_slice()),
        Some(Answer::Redirect(to)) => ("302 Found", format!("location: {to}\r\n"), [].as_slice()),
        Some(Answer::With(..)) | None => ("404 Not Found", String::new(), [].as_slice()),
    };
    noted.lock().unwrap().push(Asked {
        path,
        authorization,
    });
    let head = format!(
        "HTTP/1.1 {status}\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A client that has gone is its own affair.
    drop(
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body))
            .and_then(|()| stream.flush()),
    );
}
