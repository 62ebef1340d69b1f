//! A command of curl as a first scenario, as browsers copy it and people type it.

use anyhow::{anyhow, bail};
use url::Url;

use crate::hint::WithHint;

use super::draft::{Draft, Flow, quoted};
use super::recorded::{Body, Recorded, Secrets, is_unsafe, pairs, plain, written};
use super::shell_words::words;

/// Options with a value that change nothing of the request, or nothing that a scenario can say.
const WITHOUT_EFFECT: [&str; 16] = [
    "output",
    "write-out",
    "max-filesize",
    "retry",
    "retry-delay",
    "retry-max-time",
    "connect-timeout",
    "limit-rate",
    "speed-limit",
    "speed-time",
    "cookie-jar",
    "dump-header",
    "stderr",
    "trace",
    "trace-ascii",
    "referer",
];
/// Options that take a value, and that a scenario has no word for.
const WITH_VALUE: [&str; 14] = [
    "form",
    "form-string",
    "proxy",
    "proxy-user",
    "resolve",
    "connect-to",
    "interface",
    "range",
    "upload-file",
    "config",
    "unix-socket",
    "aws-sigv4",
    "ciphers",
    "dns-servers",
];
/// Switches that change nothing of what is asked, or nothing that a scenario does not do by itself.
const SWITCHES: [&str; 18] = [
    "silent",
    "show-error",
    "verbose",
    "include",
    "location",
    "fail",
    "fail-with-body",
    "globoff",
    "no-buffer",
    "progress-bar",
    "remote-name",
    "remote-header-name",
    "compressed-ssh",
    "http1.1",
    "no-progress-meter",
    "path-as-is",
    "ipv4",
    "tcp-nodelay",
];
/// The letters of options.
const LETTERS: [(char, &str); 27] = [
    ('X', "request"),
    ('H', "header"),
    ('d', "data"),
    ('F', "form"),
    ('u', "user"),
    ('A', "user-agent"),
    ('e', "referer"),
    ('b', "cookie"),
    ('c', "cookie-jar"),
    ('o', "output"),
    ('w', "write-out"),
    ('m', "max-time"),
    ('x', "proxy"),
    ('T', "upload-file"),
    ('r', "range"),
    ('D', "dump-header"),
    ('K', "config"),
    ('I', "head"),
    ('G', "get"),
    ('k', "insecure"),
    ('L', "location"),
    ('s', "silent"),
    ('S', "show-error"),
    ('v', "verbose"),
    ('i', "include"),
    ('f', "fail"),
    ('O', "remote-name"),
];

#[derive(Default)]
struct CurlCommand {
    urls: Vec<String>,
    method: Option<String>,
    headers: Vec<(String, String)>,
    /// Each part of the data, and whether it is a file.
    data: Vec<(String, bool)>,
    is_json: bool,
    is_query: bool,
    user: Option<String>,
    timeout: Option<f64>,
    is_insecure: bool,
    is_http2: bool,
    is_compressed: bool,
    /// By name, without what they say.
    left: Vec<String>,
}

pub(super) fn draft(command: &str, takes_unsafe: bool) -> anyhow::Result<Draft> {
    let words = words(&plain(command))?;
    let mut words = words.into_iter().peekable();
    words.next_if(|word| word == "curl" || word.ends_with("/curl") || word == "curl.exe");
    let mut asked = CurlCommand::default();
    while let Some(word) = words.next() {
        if word == "--next" || word == ":" {
            asked.left.push("--next and what follows".to_owned());
            break;
        }
        if let Some(name) = word.strip_prefix("--") {
            let (name, inside) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (name, None),
            };
            let mut value = || inside.clone().or_else(|| words.next());
            asked.option(name, &mut value)?;
        } else if let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            let mut rest = letters.chars();
            while let Some(letter) = rest.next() {
                let Some((_, name)) = LETTERS.iter().find(|(known, _)| *known == letter) else {
                    asked.left.push(format!("-{letter}"));
                    continue;
                };
                let behind = rest.as_str().to_owned();
                let mut was_taken = false;
                let mut value = || {
                    was_taken = true;
                    match behind.is_empty() {
                        true => words.next(),
                        false => Some(behind.clone()),
                    }
                };
                asked.option(name, &mut value)?;
                if was_taken {
                    break;
                }
            }
        } else {
            asked.urls.push(word);
        }
    }
    asked.draft(takes_unsafe)
}

impl CurlCommand {
    fn option(
        &mut self,
        name: &str,
        value: &mut dyn FnMut() -> Option<String>,
    ) -> anyhow::Result<()> {
        let mut needed = || value().ok_or_else(|| anyhow!("--{name} has no value"));
        match name {
            "url" => self.urls.push(needed()?),
            "request" => self.method = Some(needed()?.to_ascii_uppercase()),
            "header" => {
                let text = needed()?;
                let Some((name, value)) = text.split_once(':') else {
                    return Ok(());
                };
                self.headers
                    .push((name.trim().to_owned(), value.trim().to_owned()));
            }
            "data" | "data-ascii" | "data-binary" => {
                let text = needed()?;
                match text.strip_prefix('@') {
                    Some(file) => self.data.push((file.to_owned(), true)),
                    None => self.data.push((text, false)),
                }
            }
            "data-raw" => self.data.push((needed()?, false)),
            "json" => {
                self.is_json = true;
                self.data.push((needed()?, false));
            }
            "data-urlencode" => {
                let text = needed()?;
                if text.contains('@') && !text.contains('=') {
                    self.left.push("--data-urlencode of a file".to_owned());
                } else {
                    let (name, value) = text.split_once('=').unwrap_or(("", &text));
                    let encoded: String =
                        url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                    let text = match name {
                        "" => encoded,
                        name => format!("{name}={encoded}"),
                    };
                    self.data.push((text, false));
                }
            }
            "user" => self.user = Some(needed()?),
            "oauth2-bearer" => {
                let token = needed()?;
                self.headers
                    .push(("authorization".to_owned(), format!("Bearer {token}")));
            }
            // It is a header that a scenario leaves to its cookies, unless it is given.
            "cookie" => {
                let text = needed()?;
                self.headers.push(("Cookie".to_owned(), text));
            }
            "user-agent" => {
                let text = needed()?;
                if !text.starts_with("Mozilla/") {
                    self.headers.push(("User-Agent".to_owned(), text));
                }
            }
            "max-time" => self.timeout = needed()?.parse().ok(),
            "head" => self.method = Some("HEAD".to_owned()),
            "get" => self.is_query = true,
            "insecure" => self.is_insecure = true,
            "http2" | "http2-prior-knowledge" => self.is_http2 = true,
            "compressed" => self.is_compressed = true,
            _ if WITHOUT_EFFECT.contains(&name) => {
                needed()?;
            }
            _ if WITH_VALUE.contains(&name) => {
                needed()?;
                self.left.push(format!("--{name}"));
            }
            _ if SWITCHES.contains(&name) => {}
            _ => self.left.push(format!("--{name}")),
        }
        Ok(())
    }

    fn body(&mut self) -> Body {
        let content_type = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map(|(_, value)| value.clone());
        match self.data.as_slice() {
            [] => Body::None,
            [(file, true)] => {
                let file = file.clone();
                if content_type.is_none() {
                    let kind = match self.is_json {
                        true => "application/json",
                        false => "application/x-www-form-urlencoded",
                    };
                    self.headers
                        .push(("content-type".to_owned(), kind.to_owned()));
                }
                Body::File(super::from_scenario(&file))
            }
            parts if parts.iter().any(|(_, is_file)| *is_file) => {
                self.left.push("data of several files".to_owned());
                Body::None
            }
            parts => {
                let texts: Vec<&str> = parts.iter().map(|(text, _)| text.as_str()).collect();
                let text = texts.join(if self.is_json { "" } else { "&" });
                let kind = match (self.is_json, content_type) {
                    (true, _) => "application/json".to_owned(),
                    (false, Some(kind)) => kind,
                    (false, None) if text.trim_start().starts_with(['{', '[']) => {
                        "application/json".to_owned()
                    }
                    (false, None) => "application/x-www-form-urlencoded".to_owned(),
                };
                Body::of_text(&text, &kind)
            }
        }
    }

    fn draft(mut self, takes_unsafe: bool) -> anyhow::Result<Draft> {
        let mut urls = Vec::new();
        for text in std::mem::take(&mut self.urls) {
            let whole = match text.contains("://") {
                true => text,
                false => format!("http://{text}"),
            };
            urls.push(
                Url::parse(&whole)
                    .map_err(|error| anyhow!("its address cannot be read: {error}"))?,
            );
        }
        let Some(first) = urls.first().cloned() else {
            return Err(anyhow!("the command has no address"))
                .hint("give the whole command in single quotes: --from-curl 'curl -H \"accept: */*\" http://127.0.0.1:8080/items'");
        };
        if !matches!(first.scheme(), "http" | "https") {
            bail!("{}: only http and https can be loaded", first.scheme());
        }
        if self.is_query {
            let text: Vec<String> = std::mem::take(&mut self.data)
                .into_iter()
                .map(|(text, _)| text)
                .collect();
            for url in &mut urls {
                for (name, value) in pairs(&text.join("&")) {
                    url.query_pairs_mut().append_pair(&name, &value);
                }
            }
        }
        let body = self.body();
        let method = self.method.clone().unwrap_or_else(|| match body {
            Body::None => "GET".to_owned(),
            _ => "POST".to_owned(),
        });
        if is_unsafe(&method) && !takes_unsafe {
            return Err(anyhow!(
                "{method} may change data of the service, and load would do so thousands of times"
            ))
            .hint("where that is meant, and its data may be lost: add --unsafe-methods");
        }
        let cookies: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
            .map(|(_, value)| value.clone())
            .collect();
        if self.is_compressed {
            self.headers
                .push(("Accept-Encoding".to_owned(), "gzip, deflate, br".to_owned()));
        }
        let origin = first.origin().ascii_serialization();
        let (here, elsewhere): (Vec<Url>, Vec<Url>) = urls
            .into_iter()
            .partition(|url| url.origin().ascii_serialization() == origin);
        let requests: Vec<Recorded> = here
            .into_iter()
            .map(|url| Recorded {
                method: method.clone(),
                url,
                headers: self.headers.clone(),
                body: body.clone(),
            })
            .collect();

        let mut secrets = Secrets::default();
        let mut notes = Vec::new();
        let mut top = Vec::new();
        // What a client writes by itself is left out of a recording; here somebody asked for it.
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "cookie" => {}
                "user-agent" if !value.starts_with("Mozilla/") => {
                    headers.push((name, written(value)))
                }
                "accept-encoding" if self.is_compressed => headers.push((name, written(value))),
                _ => {}
            }
        }
        for value in cookies {
            headers.push(("cookie".to_owned(), written(&secrets.of("cookie", &value))));
        }
        let user = self
            .user
            .take()
            .or_else(|| of_url(&first))
            .map(|text| credentials(&text, &mut secrets));
        let mut steps = secrets.steps(&requests, &mut notes);
        for step in &mut steps {
            step.headers.extend(headers.iter().cloned());
            step.more.extend(user.clone());
        }
        if self.is_http2 {
            top.push("http = \"2\"".to_owned());
        }
        if let Some(seconds) = self.timeout.filter(|seconds| *seconds > 0.0) {
            top.push(format!("timeout = \"{}ms\"", (seconds * 1e3).round()));
        }
        if self.is_insecure {
            top.push("tls = { insecure = true }".to_owned());
        }
        if !self.left.is_empty() {
            notes.push(format!("Not carried over: {}.", self.left.join(", ")));
        }
        if !elsewhere.is_empty() {
            let mut hosts: Vec<&str> = elsewhere.iter().filter_map(Url::host_str).collect();
            hosts.dedup();
            notes.push(format!(
                "Left out requests to other hosts: {}.",
                hosts.join(", ")
            ));
        }
        if is_unsafe(&method) {
            notes.push("It changes data of the service, in every iteration.".to_owned());
        }
        notes.extend(secrets.note());
        Ok(Draft {
            from: "From a command of curl.".to_owned(),
            notes,
            base: format!("${{BASE_URL:-{origin}}}"),
            top,
            flows: vec![Flow {
                steps,
                ..Flow::default()
            }],
            ..Draft::default()
        })
    }
}

fn of_url(url: &Url) -> Option<String> {
    (!url.username().is_empty())
        .then(|| format!("{}:{}", url.username(), url.password().unwrap_or_default()))
}

/// Both are variables: of many services the key stands in the place of the user.
fn credentials(text: &str, secrets: &mut Secrets) -> String {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let user = quoted(&written(&secrets.of("password user", user)));
    let password = quoted(&written(&secrets.of("password", password)));
    format!("auth = {{ user = {user}, password = {password} }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(command: &str) -> String {
        let draft = draft(command, true).unwrap();
        let lines: Vec<String> = draft.flows[0]
            .steps
            .iter()
            .flat_map(super::super::draft::Step::lines)
            .collect();
        [
            draft.top.join("\n"),
            lines.join("\n"),
            draft.notes.join("\n"),
        ]
        .join("\n---\n")
    }

    #[test]
    fn what_a_browser_copies_becomes_its_request() {
        let said = steps(
            "curl 'https://shop.test/api/items?page=2&api_key=K1' \\\n -H 'accept: application/json' -H 'authorization: Bearer eyJh.eyJz.x' \
             -H 'sec-fetch-mode: cors' -H 'user-agent: Mozilla/5.0' -b 'sid=c00kie' --data-raw '{\"name\":\"tea\",\"password\":\"p4ss\"}' -H 'content-type: application/json' --compressed",
        );
        assert_eq!(
            said,
            "\n---\npost = \"/api/items\"\nquery = { page = \"2\", api_key = \"${API_KEY}\" }\n\
             headers = { accept = \"application/json\", authorization = \"Bearer ${AUTHORIZATION}\", accept-encoding = \"gzip, deflate, br\", cookie = \"${COOKIE}\" }\n\
             json = { name = \"tea\", password = \"${PASSWORD}\" }\n---\n\
             It changes data of the service, in every iteration.\n\
             Secrets were taken out. Set these variables before you run it: API_KEY, AUTHORIZATION, COOKIE, PASSWORD."
        );
    }

    #[test]
    fn what_people_type_becomes_its_request() {
        let said = steps(
            "curl -sS -XPUT localhost:8080/a -u ann:s3cret -d x=1 -d 'token=abc' -kL -m 2.5 --proxy http://p:1 --weird",
        );
        assert_eq!(
            said,
            "timeout = \"2500ms\"\ntls = { insecure = true }\n---\nput = \"/a\"\nform = { token = \"${TOKEN}\", x = \"1\" }\n\
             auth = { user = \"${PASSWORD_USER}\", password = \"${PASSWORD}\" }\n---\n\
             Not carried over: --proxy, --weird.\n\
             It changes data of the service, in every iteration.\n\
             Secrets were taken out. Set these variables before you run it: PASSWORD, PASSWORD_USER, TOKEN."
        );
        let said = steps(
            "curl -G http://127.0.0.1:1/s --data-urlencode 'q=a b' -H \"X-Key: $MY_KEY\" http://other.test/x",
        );
        assert!(
            said.contains(
                "get = \"/s\"\nquery = { q = \"a b\" }\nheaders = { x-key = \"${MY_KEY}\" }"
            ),
            "{said}"
        );
        assert!(
            said.contains("Left out requests to other hosts: other.test."),
            "{said}"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_command_is_a_scenario_or_refused(command in "(curl )?([-a-zA-Z ='\"$\\\\{}@:/.0-9\\PC]|http://a/){0,40}") {
            if let Ok(draft) = draft(&command, true) {
                proptest::prop_assert!(draft.steps() > 0);
            }
        }
    }

    #[test]
    fn a_command_that_changes_something_needs_to_be_allowed() {
        let refused = draft("curl -d x=1 http://127.0.0.1:1/", false).unwrap_err();
        assert!(
            refused.to_string().starts_with("POST may change data"),
            "{refused}"
        );
        assert!(draft("curl -s", false).is_err());
    }
}
