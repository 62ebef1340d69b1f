//! The conversation on one pull request, on GitHub or GitLab: one comment per gate, kept up to date, while other jobs do
//! the same at the same time.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::{Answer, Api, Attempt, Call, TRIES, Trouble};
use super::comment::{CommentState, Marker, When, fit};
use super::failure::{Failure, FailureKind};
use super::github::{Past, Pull};

/// Where the comments of one pull request are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// All of them, and where a new one goes.
    list: String,
    /// One of them, with its number behind.
    one: String,
    update: Method,
    /// Where a comment is seen, with its number behind, where the server does not say it.
    page: Option<String>,
    /// `acme/shop#7`
    name: String,
    /// Where GraphQL tells more.
    pull: Option<Pull>,
}

impl Thread {
    pub fn github(repository: &str, number: u64) -> Self {
        let routes = format!("/repos/{repository}/issues");
        Self {
            list: format!("{routes}/{number}/comments"),
            one: format!("{routes}/comments"),
            update: Method::PATCH,
            page: None,
            name: format!("{repository}#{number}"),
            pull: repository.split_once('/').map(|(owner, name)| Pull {
                owner: owner.to_owned(),
                name: name.to_owned(),
                number,
            }),
        }
    }

    /// `project` is its number, `page` the address of the merge request.
    pub fn gitlab(project: u64, number: u64, page: Option<&str>) -> Self {
        let notes = format!("/projects/{project}/merge_requests/{number}/notes");
        Self {
            one: notes.clone(),
            list: notes,
            update: Method::PUT,
            page: page.map(|page| format!("{page}#note_")),
            name: format!("merge request !{number}"),
            pull: None,
        }
    }

    fn list(&self) -> String {
        // GitLab shows the newest first unless it is asked.
        match self.update {
            Method::PUT => format!("{}?sort=asc&order_by=created_at", self.list),
            _ => self.list.clone(),
        }
    }

    fn one(&self, id: u64) -> String {
        format!("{}/{id}", self.one)
    }

    fn url(&self, comment: &Comment) -> Option<String> {
        let page = || Some(format!("{}{}", self.page.as_ref()?, comment.id));
        comment.html_url.clone().or_else(page)
    }
}

/// As the runner's own token is called, which may not ask for its name.
const WORKFLOW: &str = "github-actions[bot]";

/// As little of a comment as is needed, and nothing that a server may leave out.
#[derive(Clone, Debug, Deserialize)]
struct Comment {
    id: u64,
    body: Option<String>,
    html_url: Option<String>,
    /// Gone where the account is.
    #[serde(alias = "author")]
    user: Option<User>,
    /// Whether we wrote it for certain. Of another bot, which may be ourselves under a name that we cannot ask for,
    /// nothing is believed that would keep us silent.
    #[serde(skip)]
    is_certain: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    #[serde(alias = "username")]
    login: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// What is to stand on a pull request.
pub struct Upsert<'a> {
    pub thread: &'a Thread,
    pub marker: &'a Marker,
    pub text: &'a str,
    pub when: When,
    /// It needs somebody's decision, so it is said again even where an earlier comment was deleted.
    pub is_needed: bool,
}

/// What was asked once about ourselves: each is `Some` behind the first time.
#[derive(Default)]
struct AboutOurselves {
    /// The account of a person; a token of an app has none that it could ask for.
    me: Option<Option<String>>,
    past: Option<Option<Past>>,
}

/// What became of it, and where it is to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    Created(Option<String>),
    Updated(Option<String>),
    /// It said this already.
    Unchanged(Option<String>),
    /// A later run was faster; what it wrote stays.
    Newer(Option<String>),
    /// There is none, and nothing asks for one.
    NotWanted,
    /// Somebody deleted what we wrote before, and this is nothing that has to be said again.
    Removed,
}

impl Written {
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Created(url) | Self::Updated(url) | Self::Unchanged(url) | Self::Newer(url) => {
                url.as_deref()
            }
            Self::NotWanted | Self::Removed => None,
        }
    }
}

/// What became of one comment that was there.
enum Tried {
    Done(Written),
    /// Deleted meanwhile, or someone else's.
    NotThis,
    /// Time has gone by, and what is there may be another run's by now.
    LookAgain(Failure),
}

/// What became of one look at all of them.
enum Round {
    Done(Written),
    Again(Failure),
    /// It may be there.
    Uncertain(Failure),
}

impl Api<'_> {
    pub async fn upsert(&self, upsert: &Upsert<'_>) -> Result<Written, Failure> {
        let mut body = upsert.marker.body(upsert.text);
        let (mut repetition, mut uncertain) = (0, false);
        let mut asked = AboutOurselves::default();
        loop {
            let failure = match self.round(upsert, &body, &mut asked).await {
                // What was created in the dark has come to light.
                Ok(Round::Done(Written::Unchanged(url))) if uncertain => {
                    return Ok(Written::Created(url));
                }
                Ok(Round::Done(written)) => return Ok(written),
                Ok(Round::Again(failure)) => failure,
                Ok(Round::Uncertain(failure)) => {
                    uncertain = true;
                    failure
                }
                // It counts otherwise than we do.
                Err(failure) if is_too_long(&failure) && repetition == 0 => {
                    let half = upsert.text.encode_utf16().count() / 2;
                    body = upsert.marker.body(&fit(upsert.text, half));
                    failure
                }
                Err(failure) => return Err(failure),
            };
            repetition += 1;
            if repetition >= TRIES || !self.pause(repetition).await {
                return Err(failure);
            }
        }
    }

    async fn round(
        &self,
        upsert: &Upsert<'_>,
        body: &str,
        asked: &mut AboutOurselves,
    ) -> Result<Round, Failure> {
        let mut ours = self.ours(upsert, asked).await?;
        ours.sort_by_key(|comment| !comment.is_certain);
        // Of several, that of the newest run says what holds.
        let is_newer = |comment: &Comment| {
            let there = comment.body.as_deref().unwrap_or_default();
            comment.is_certain && upsert.marker.standing(there, body) == CommentState::Newer
        };
        ours.sort_by_key(|comment| !is_newer(comment));
        for (at, comment) in ours.iter().enumerate() {
            match self.update(upsert, comment, body).await? {
                Tried::Done(written) => {
                    let left = ours.iter().skip(at + 1);
                    let stale = left.filter(|other| other.is_certain && !is_newer(other));
                    for other in stale.filter(|_| comment.is_certain) {
                        self.delete(upsert.thread, other.id).await;
                    }
                    return Ok(Round::Done(written));
                }
                Tried::LookAgain(failure) => return Ok(Round::Again(failure)),
                Tried::NotThis => {}
            }
        }
        if upsert.when == When::IfThere {
            return Ok(Round::Done(Written::NotWanted));
        }
        let is_said_anyway = upsert.is_needed || upsert.when == When::Always;
        if !is_said_anyway
            && ours.is_empty()
            && let Some(past) = self.past_of(upsert, asked).await
            && past.was_removed()
        {
            return Ok(Round::Done(Written::Removed));
        }
        match self.create_comment(upsert.thread, body).await {
            Ok(comment) => Ok(Round::Done(self.settle(upsert, comment, body, asked).await)),
            Err(Trouble::Uncertain(failure)) => Ok(Round::Uncertain(failure)),
            Err(Trouble::Refused(failure)) => Err(failure),
        }
    }

    /// After a comment was created: did another job create one before? The one with the lower number stays. Ours is
    /// there already, so nothing here is a failure of posting it.
    async fn settle(
        &self,
        upsert: &Upsert<'_>,
        own: Comment,
        body: &str,
        asked: &mut AboutOurselves,
    ) -> Written {
        let created = Written::Created(upsert.thread.url(&own));
        for repetition in 1..=TRIES {
            let mut again = false;
            for comment in self.ours(upsert, asked).await.unwrap_or_default() {
                if comment.id >= own.id {
                    break;
                }
                match self.update(upsert, &comment, body).await {
                    Ok(Tried::Done(written)) => {
                        self.delete(upsert.thread, own.id).await;
                        return written;
                    }
                    Ok(Tried::LookAgain(_)) => again = true,
                    Ok(Tried::NotThis) | Err(_) => {}
                }
            }
            if !again || !self.pause(repetition).await {
                break;
            }
        }
        created
    }

    async fn update(
        &self,
        upsert: &Upsert<'_>,
        comment: &Comment,
        body: &str,
    ) -> Result<Tried, Failure> {
        let there = comment.body.as_deref().unwrap_or_default();
        let url = upsert.thread.url(comment);
        match upsert.marker.standing(there, body) {
            CommentState::Newer if !comment.is_certain => return Ok(Tried::NotThis),
            CommentState::Newer => return Ok(Tried::Done(Written::Newer(url))),
            CommentState::Same if upsert.when != When::Always => {
                return Ok(Tried::Done(Written::Unchanged(url)));
            }
            CommentState::Same | CommentState::Outdated => {}
        }
        let new = json!({"body": body});
        let call = Call {
            method: upsert.thread.update.clone(),
            path: upsert.thread.one(comment.id),
            body: Some(&new),
            doing: format!("update the comment on {}", upsert.thread.name),
        };
        let answer = match self.attempt(&call).await {
            Ok(answer) => answer,
            Err(Attempt::Again(failure)) => return Ok(Tried::LookAgain(failure)),
            Err(Attempt::Never(failure)) => return Err(failure),
        };
        match answer.status {
            // Nobody may write it but its author, and that is not us.
            403 | 404 | 410 => Ok(Tried::NotThis),
            _ if answer.is_success() => Ok(Tried::Done(Written::Updated(url))),
            _ => Err(self.failure(&call, &answer)),
        }
    }

    async fn create_comment(&self, thread: &Thread, body: &str) -> Result<Comment, Trouble> {
        let new = json!({"body": body});
        let call = Call {
            method: Method::POST,
            path: thread.list.clone(),
            body: Some(&new),
            doing: format!("comment on {}", thread.name),
        };
        let answer: Answer = self.create(&call).await?;
        let accepted = answer.is_success();
        self.read(&call, &answer).map_err(|failure| {
            if accepted {
                Trouble::Uncertain(failure)
            } else {
                Trouble::Refused(failure)
            }
        })
    }

    /// A comment that is left twice is ugly and no error.
    async fn delete(&self, thread: &Thread, id: u64) {
        let call = Call {
            method: Method::DELETE,
            path: thread.one(id),
            body: None,
            doing: format!("delete the second comment on {}", thread.name),
        };
        drop(self.call(&call).await);
    }

    /// The comments of this gate that we may have written, oldest first. Anyone can write our marker, so whose a comment
    /// is comes before anything that it says: a stranger or another bot could stop a gate from ever reporting.
    async fn ours(
        &self,
        upsert: &Upsert<'_>,
        asked: &mut AboutOurselves,
    ) -> Result<Vec<Comment>, Failure> {
        let mut ours = Vec::new();
        let doing = format!("list the comments of {}", upsert.thread.name);
        let all: Vec<Comment> = self.list(&upsert.thread.list(), &doing).await?;
        for mut comment in all {
            let marked = comment.body.as_deref().unwrap_or_default();
            let Some(user) = comment.user.as_ref().filter(|_| upsert.marker.owns(marked)) else {
                continue;
            };
            let login = user.login.as_deref();
            if user.kind.as_deref() != Some("Bot") {
                let me = match &asked.me {
                    Some(me) => me.clone(),
                    None => asked.me.insert(self.me().await?).clone(),
                };
                if me.is_none() || me.as_deref() != login {
                    continue;
                }
                comment.is_certain = true;
            } else {
                comment.is_certain = match self.past_of(upsert, asked).await {
                    Some(past) if past.is_me(login) => true,
                    // Another bot's, whatever it claims.
                    Some(_) => continue,
                    None => login == Some(WORKFLOW),
                };
            }
            ours.push(comment);
        }
        ours.sort_by_key(|comment| comment.id);
        Ok(ours)
    }

    /// Who we are by the server's word, and what became of our comments here; `None` where it does not tell.
    async fn past_of<'p>(
        &self,
        upsert: &Upsert<'_>,
        asked: &'p mut AboutOurselves,
    ) -> Option<&'p Past> {
        if asked.past.is_none() {
            let past = match &upsert.thread.pull {
                Some(pull) => self.past(pull).await,
                None => None,
            };
            asked.past = Some(past);
        }
        asked.past.as_ref()?.as_ref()
    }

    /// Our name; a token of an app has none that it could ask for.
    async fn me(&self) -> Result<Option<String>, Failure> {
        let doing = "ask whose token this is".to_owned();
        match self.get::<User>("/user".to_owned(), doing).await {
            Ok(user) => Ok(user.login),
            Err(Failure {
                kind:
                    FailureKind::Forbidden(_) | FailureKind::NotFound | FailureKind::Unauthorized(_),
                ..
            }) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

fn is_too_long(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Refused { status: 422, .. })
}
