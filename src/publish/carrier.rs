//! What carries one request: octocrab to GitHub, plain reqwest to GitLab. Neither repeats nor redirects anything.

use http::{HeaderMap, HeaderName, Method, Request, Response};
use octocrab::Octocrab;
use url::Url;

use super::secret::Secret;

pub(super) enum Carrier {
    GitHub(Octocrab),
    GitLab {
        client: reqwest::Client,
        secret: Secret,
    },
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
        origin: &str,
        client: reqwest::Client,
        secret: &Secret,
    ) -> octocrab::Result<Self> {
        let accept = "application/vnd.github+json".to_owned();
        let version = HeaderName::from_static("x-github-api-version");
        Octocrab::builder()
            .base_uri(origin)?
            .personal_token(secret.reveal())
            .add_header(http::header::ACCEPT, accept)
            .add_header(version, "2022-11-28".to_owned())
            .build_with_reqwest(client)
            .map(Self::GitHub)
    }

    /// The token goes along, so `target` has to be on the server's own host.
    pub(super) async fn carry(
        &self,
        method: &Method,
        target: &Url,
        body: Option<String>,
    ) -> Result<Carried, Lost> {
        match self {
            Self::GitHub(octocrab) => {
                // Without its host: octocrab puts its own there, and the token with it.
                let path = match target.query() {
                    Some(query) => format!("{}?{query}", target.path()),
                    None => target.path().to_owned(),
                };
                let mut request = Request::builder().method(method).uri(path);
                if body.is_some() {
                    request = request.header(http::header::CONTENT_TYPE, "application/json");
                }
                let request = request.body(body.unwrap_or_default())?;
                let response: Response<_> = octocrab.execute(request).await?;
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                let text = octocrab.body_to_string(response).await?;
                Ok(Carried {
                    status,
                    headers,
                    text,
                })
            }
            Self::GitLab { client, secret } => {
                let mut request = client
                    .request(method.clone(), target.clone())
                    .header("private-token", secret.reveal());
                if let Some(body) = body {
                    request = request
                        .header(http::header::CONTENT_TYPE, "application/json")
                        .body(body);
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
    }
}
