//! Answers as GitHub words them, whole enough for GitHub's own description of them.

use serde_json::{Value, json};

use super::{Check, Comment, Pull, World};

const WHEN: &str = "2026-11-20T10:00:00Z";

pub(super) fn user(world: &World, login: &str) -> Value {
    let url = format!("{}/users/x", world.address);
    let mut user = json!({
        "login": login, "id": 41_898_282, "node_id": "MDM6Qm90NDE4OTgyODI=", "avatar_url": url,
        "gravatar_id": null, "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
        "site_admin": false,
    });
    for name in [
        "url",
        "html_url",
        "followers_url",
        "following_url",
        "gists_url",
        "starred_url",
        "subscriptions_url",
        "organizations_url",
        "repos_url",
        "events_url",
        "received_events_url",
    ] {
        user[name] = Value::from(url.clone());
    }
    user
}

/// Of the person that the token belongs to.
pub(super) fn me(world: &World, login: &str) -> Value {
    let mut me = user(world, login);
    for name in ["name", "company", "blog", "location", "email", "bio"] {
        me[name] = json!(null);
    }
    me["hireable"] = json!(null);
    for name in ["public_repos", "public_gists", "followers", "following"] {
        me[name] = json!(0);
    }
    me["blog"] = json!("");
    me["created_at"] = json!(WHEN);
    me["updated_at"] = json!(WHEN);
    me["user_view_type"] = json!("public");
    me
}

pub(super) fn comment(world: &World, comment: &Comment) -> Value {
    let Comment { id, number, .. } = comment;
    let repository = format!("{}/repos/acme/shop", world.address);
    json!({
        "id": id, "node_id": "IC_1", "url": format!("{repository}/issues/comments/{id}"),
        "html_url": format!("https://github.com/acme/shop/pull/{number}#issuecomment-{id}"),
        "issue_url": format!("{repository}/issues/{number}"),
        "body": comment.body,
        "user": comment.login.as_ref().map(|login| user(world, login)),
        "created_at": WHEN, "updated_at": WHEN, "author_association": "NONE",
    })
}

/// Not all that GitHub tells of one, and more than is read.
pub(super) fn pull(world: &World, pull: &Pull) -> Value {
    let (owner, branch) = pull.head.split_once(':').unwrap();
    json!({
        "id": pull.number, "number": pull.number,
        "url": format!("{}/repos/acme/shop/pulls/{}", world.address, pull.number),
        "state": if pull.open { "open" } else { "closed" },
        "user": null,
        "head": {"label": pull.head, "ref": branch, "sha": pull.sha, "repo": null,
                 "user": user(world, owner)},
        "base": {"label": "acme:main", "ref": "main", "sha": super::MERGE},
    })
}

pub(super) fn status(world: &World, sha: &str, sent: &Value) -> Value {
    json!({
        "id": 1, "node_id": "SC_1", "url": format!("{}/repos/acme/shop/statuses/{sha}", world.address),
        "avatar_url": null, "state": sent["state"], "description": sent["description"],
        "target_url": sent.get("target_url"), "context": sent["context"],
        "created_at": WHEN, "updated_at": WHEN, "creator": null,
    })
}

pub(super) fn check(world: &World, check: &Check) -> Value {
    let (id, sent) = (check.id, &check.sent);
    let url = format!("{}/repos/acme/shop/check-runs/{id}", world.address);
    json!({
        "id": id, "head_sha": check.sha, "node_id": "CR_1", "external_id": sent["external_id"],
        "url": url, "html_url": url, "details_url": sent.get("details_url"),
        "status": sent["status"], "conclusion": sent["conclusion"],
        "started_at": WHEN, "completed_at": WHEN, "name": sent["name"],
        "output": {
            "title": sent["output"]["title"], "summary": sent["output"]["summary"], "text": null,
            "annotations_count": 0, "annotations_url": format!("{url}/annotations"),
        },
        "check_suite": {"id": 5}, "app": null, "pull_requests": [],
    })
}
