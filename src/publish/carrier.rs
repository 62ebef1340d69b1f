//! What carries one request to a server, with its token. It neither repeats nor redirects anything.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use super::secret::Secret;

pub(super) struct Carrier {
    client: reqwest::Client,
    /// Of every request: the token, and what the server asks for.
    headers: HeaderMap,
}

/// What came back, read to its end.
pub(super) struct Carried {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

type Lost = Box<dyn std::error::Error>;

impl Carrier {
    pub(super) fn github(
        client: reqwest::Client,
        secret: &Secret,
    ) -> Result<Self, InvalidHeaderValue> {
        let token = token(&format!("Bearer {}", secret.reveal()))?;
        let version = HeaderName::from_static("x-github-api-version");
        let headers = [
            (AUTHORIZATION, token),
            (
                ACCEPT,
                HeaderValue::from_static("application/vnd.github+json"),
            ),
            (version, HeaderValue::from_static("2022-11-28")),
        ];
        Ok(Self {
            client,
            headers: headers.into_iter().collect(),
        })
    }

    pub(super) fn gitlab(
        client: reqwest::Client,
        secret: &Secret,
    ) -> Result<Self, InvalidHeaderValue> {
        let name = HeaderName::from_static("private-token");
        let headers = [(name, token(secret.reveal())?)];
        Ok(Self {
            client,
            headers: headers.into_iter().collect(),
        })
    }

    /// The token goes along, so `target` has to be on the server's own host.
    pub(super) async fn carry(
        &self,
        method: &Method,
        target: &Url,
        body: Option<String>,
    ) -> Result<Carried, Lost> {
        let mut request = self
            .client
            .request(method.clone(), target.clone())
            .headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = String::from_utf8(response.bytes().await?.to_vec())?;
        Ok(Carried {
            status,
            headers,
            text,
        })
    }
}

/// Nothing that prints a request shows it.
fn token(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}
