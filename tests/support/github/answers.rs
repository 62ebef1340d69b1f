//! Answers as GitHub words them, whole enough for GitHub's own description of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{BASE, Check, Comment, HEAD, Pull, World};

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

/// As a list shows one; by itself it has more.
pub(super) fn pull(world: &World, pull: &Pull) -> Value {
    let (owner, branch) = pull.head.split_once(':').unwrap();
    let repository = format!("{}/repos/acme/shop", world.address);
    let url = format!("{repository}/pulls/{}", pull.number);
    let link = json!({"href": url});
    let mut it = json!({
        "id": pull.number, "node_id": "PR_1", "number": pull.number, "url": url,
        "state": if pull.open { "open" } else { "closed" }, "locked": false, "title": "Faster",
        "body": null, "labels": [], "milestone": null, "assignee": null, "auto_merge": null,
        "user": user(world, owner), "author_association": "NONE",
        "created_at": WHEN, "updated_at": WHEN, "closed_at": null, "merged_at": null,
        "merge_commit_sha": null,
        "head": {"label": pull.head, "ref": branch, "sha": pull.sha, "user": user(world, owner),
                 "repo": shop(world, owner)},
        "base": {"label": "acme:main", "ref": "main", "sha": super::MERGE,
                 "user": user(world, "acme"), "repo": shop(world, "acme")},
        "_links": {"comments": link, "commits": link, "statuses": link, "html": link, "issue": link,
                   "review_comments": link, "review_comment": link, "self": link},
        "additions": 1, "deletions": 1, "changed_files": 1, "comments": 0, "commits": 1,
        "review_comments": 0, "mergeable": null, "mergeable_state": "unknown", "merged": false,
        "merged_by": null, "maintainer_can_modify": false,
    });
    for name in [
        "html_url",
        "diff_url",
        "patch_url",
        "issue_url",
        "commits_url",
        "comments_url",
        "statuses_url",
        "review_comments_url",
        "review_comment_url",
    ] {
        it[name] = Value::from(url.clone());
    }
    it
}

/// A repository, whose description is mostly addresses.
fn shop(world: &World, owner: &str) -> Value {
    let mut shop = json!({
        "id": 1, "node_id": "R_1", "name": "shop", "full_name": format!("{owner}/shop"),
        "owner": user(world, owner), "private": false, "fork": owner != "acme", "description": null,
        "homepage": null, "language": null, "license": null, "mirror_url": null,
        "default_branch": "main", "archived": false, "disabled": false, "has_downloads": true,
        "has_issues": true, "has_projects": true, "has_wiki": true, "has_pages": false,
        "pushed_at": WHEN, "created_at": WHEN, "updated_at": WHEN,
    });
    for name in [
        "forks",
        "forks_count",
        "open_issues",
        "open_issues_count",
        "size",
        "stargazers_count",
        "watchers",
        "watchers_count",
    ] {
        shop[name] = json!(0);
    }
    let url = format!("{}/repos/{owner}/shop", world.address);
    for name in "url archive_url assignees_url blobs_url branches_url collaborators_url comments_url \
        commits_url compare_url contents_url contributors_url deployments_url downloads_url events_url \
        forks_url git_commits_url git_refs_url git_tags_url hooks_url html_url issue_comment_url \
        issue_events_url issues_url keys_url labels_url languages_url merges_url milestones_url \
        notifications_url pulls_url releases_url stargazers_url statuses_url subscribers_url \
        subscription_url tags_url teams_url trees_url clone_url git_url ssh_url svn_url"
        .split_whitespace()
    {
        shop[name] = Value::from(url.clone());
    }
    shop
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

type Files = [(&'static str, &'static str, String)];

/// What changed between the commit at which `head` left `base`, and `head`.
pub(super) fn compared(world: &World, files: &Files, base: &str, head: &str) -> Value {
    let at = |commit: &str, path: &str| {
        let found = files
            .iter()
            .find(|(sha, name, _)| *sha == commit && *name == path);
        found.map(|(_, _, text)| text.as_str())
    };
    let mut paths: Vec<&str> = files.iter().map(|(_, name, _)| *name).collect();
    paths.sort_unstable();
    paths.dedup();
    let url = format!("{}/repos/acme/shop", world.address);
    let changed: Vec<Value> = paths
        .into_iter()
        .filter_map(|path| {
            let status = match (at(BASE, path), at(HEAD, path)) {
                (None, Some(_)) => "added",
                (Some(_), None) => "removed",
                (before, now) if before == now => return None,
                _ => "modified",
            };
            Some(json!({
                "sha": HEAD, "filename": path, "status": status, "additions": 1, "deletions": 1,
                "changes": 2, "blob_url": url, "raw_url": url, "contents_url": url, "patch": "@@",
            }))
        })
        .collect();
    json!({
        "url": format!("{url}/compare/{base}...{head}"), "html_url": url, "permalink_url": url,
        "diff_url": url, "patch_url": url, "base_commit": commit(&url, base),
        "merge_base_commit": commit(&url, BASE), "status": "ahead", "ahead_by": 1, "behind_by": 0,
        "total_commits": 1, "commits": [commit(&url, head)], "files": changed,
    })
}

fn commit(url: &str, sha: &str) -> Value {
    let person = json!({"name": "Robin", "email": "robin@acme.example", "date": WHEN});
    json!({
        "url": url, "sha": sha, "node_id": "C_1", "html_url": url, "comments_url": url,
        "commit": {
            "url": url, "author": person, "committer": person, "message": "Faster",
            "comment_count": 0, "tree": {"sha": sha, "url": url},
        },
        "author": null, "committer": null, "parents": [{"sha": sha, "url": url, "html_url": url}],
    })
}

pub(super) fn content(world: &World, path: &str, text: &str) -> Value {
    let url = format!("{}/repos/acme/shop/contents/{path}", world.address);
    // In lines, as GitHub does.
    let lines: Vec<String> = STANDARD
        .encode(text)
        .as_bytes()
        .chunks(60)
        .map(|line| String::from_utf8(line.to_vec()).unwrap() + "\n")
        .collect();
    json!({
        "type": "file", "encoding": "base64", "size": text.len(), "name": path, "path": path,
        "content": lines.concat(), "sha": HEAD, "url": url, "git_url": url, "html_url": url,
        "download_url": url, "_links": {"self": url, "git": url, "html": url},
    })
}
