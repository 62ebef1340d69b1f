//! Which CI this is, and what each calls the things that perfgate wants to know. Nowhere else is this decided.

use serde_json::Value;

use super::Variables;

/// A CI that is known by its own variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ci {
    GitHub,
    GitLab,
    Jenkins,
    Bitbucket,
}

impl Ci {
    pub fn detect(get: &Variables<'_>) -> Option<Self> {
        let marks = [
            (Self::GitHub, ["GITHUB_ACTIONS", "GITHUB_RUN_ID"]),
            (Self::GitLab, ["GITLAB_CI", "CI_JOB_ID"]),
            (
                Self::Bitbucket,
                ["BITBUCKET_BUILD_NUMBER", "BITBUCKET_PIPELINE_UUID"],
            ),
            (Self::Jenkins, ["JENKINS_URL", "JENKINS_HOME"]),
        ];
        let set = |name: &str| get(name).is_some_and(|value| value != "false");
        marks
            .into_iter()
            .find(|(_, names)| names.iter().any(|name| set(name)))
            .map(|(ci, _)| ci)
    }
}

/// One CI job is one session on one machine.
pub fn session(get: &Variables<'_>) -> Option<String> {
    match Ci::detect(get)? {
        Ci::GitHub => {
            let run = get("GITHUB_RUN_ID")?;
            let attempt = get("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".to_owned());
            let job = get("GITHUB_JOB").unwrap_or_else(|| "job".to_owned());
            Some(format!("github-{run}-{attempt}-{job}"))
        }
        Ci::GitLab => get("CI_JOB_ID").map(|job| format!("gitlab-{job}")),
        Ci::Jenkins => get("BUILD_TAG"),
        Ci::Bitbucket => {
            let build = get("BITBUCKET_BUILD_NUMBER")?;
            let step = get("BITBUCKET_STEP_UUID").unwrap_or_else(|| "step".to_owned());
            Some(format!("bitbucket-{build}-{step}"))
        }
    }
}

/// The commit that this job is about. On GitHub's pull requests `GITHUB_SHA` is a merge commit that nobody knows;
/// the event names the head.
pub fn commit(get: &Variables<'_>, event: Option<&Value>) -> Option<String> {
    let head = event
        .and_then(|event| event.pointer("/pull_request/head/sha")?.as_str())
        .map(str::to_owned);
    let names = [
        "GITHUB_SHA",
        "CI_COMMIT_SHA",
        "BITBUCKET_COMMIT",
        "GIT_COMMIT",
    ];
    head.or_else(|| names.into_iter().find_map(get))
}

/// What CIs call the branch that a pull request goes to.
const TARGETS: [&str; 4] = [
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "CHANGE_TARGET",
];

/// Whether the job is for a change that goes to a branch, a pull request or an entry of a merge queue.
pub fn is_for_a_base(get: &Variables<'_>) -> bool {
    let is_queued = |reference: String| reference.starts_with("refs/heads/gh-readonly-queue/");
    TARGETS
        .iter()
        .any(|name| get(name).is_some_and(|target| !target.is_empty()))
        || get("GITHUB_REF").is_some_and(is_queued)
}

/// The branch that is compared with: that which a pull request goes to, else the one that was pushed.
pub fn base_branch(get: &Variables<'_>) -> Option<String> {
    let pushed = || {
        let reference = get("GITHUB_REF")?;
        let branch = reference.strip_prefix("refs/heads/")?;
        // A merge queue's branch, `gh-readonly-queue/main/pr-7-<sha>`, goes to the branch in its middle.
        let queued = branch.strip_prefix("gh-readonly-queue/");
        let target = queued.and_then(|queued| queued.rsplit_once("/pr-"));
        Some(target.map_or(branch, |(target, _)| target).to_owned())
    };
    let branches = ["CI_COMMIT_BRANCH", "BITBUCKET_BRANCH"];
    let jenkins = || (Ci::detect(get) == Some(Ci::Jenkins)).then(|| get("BRANCH_NAME"))?;
    TARGETS
        .into_iter()
        .find_map(get)
        .or_else(pushed)
        .or_else(|| branches.into_iter().find_map(get))
        .or_else(jenkins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn each_ci_is_known_by_its_own_variables() {
        for (pairs, ci) in [
            (&[("GITHUB_ACTIONS", "true")][..], Some(Ci::GitHub)),
            (&[("GITLAB_CI", "true"), ("CI", "true")], Some(Ci::GitLab)),
            (&[("JENKINS_URL", "https://ci")], Some(Ci::Jenkins)),
            (&[("BITBUCKET_BUILD_NUMBER", "7")], Some(Ci::Bitbucket)),
            (&[("CI", "true"), ("GITHUB_ACTIONS", "false")], None),
        ] {
            assert_eq!(Ci::detect(&of(pairs)), ci, "{pairs:?}");
        }
    }

    #[test]
    fn session_commit_and_branch_have_another_name_in_each_ci() {
        let jenkins = of(&[
            ("JENKINS_URL", "https://ci"),
            ("BUILD_TAG", "jenkins-shop-7"),
            ("GIT_COMMIT", "abc"),
            ("CHANGE_TARGET", "release/2"),
            ("BRANCH_NAME", "PR-7"),
        ]);
        assert_eq!(session(&jenkins).unwrap(), "jenkins-shop-7");
        assert_eq!(commit(&jenkins, None).unwrap(), "abc");
        assert_eq!(base_branch(&jenkins).unwrap(), "release/2");
        let bitbucket = of(&[
            ("BITBUCKET_BUILD_NUMBER", "7"),
            ("BITBUCKET_STEP_UUID", "{a}"),
            ("BITBUCKET_BRANCH", "main"),
        ]);
        assert_eq!(session(&bitbucket).unwrap(), "bitbucket-7-{a}");
        assert_eq!(base_branch(&bitbucket).unwrap(), "main");
        let queue = "refs/heads/gh-readonly-queue/release/2/pr-7-3f2a1c9d";
        assert_eq!(
            base_branch(&|name| (name == "GITHUB_REF").then(|| queue.to_owned())).unwrap(),
            "release/2"
        );
        // A variable of so plain a name says nothing elsewhere.
        assert_eq!(base_branch(&of(&[("BRANCH_NAME", "x")])), None);
    }

    #[test]
    fn the_head_of_the_pull_request_comes_before_the_merge_commit() {
        let github = of(&[("GITHUB_SHA", "merge")]);
        let event = serde_json::json!({"pull_request": {"head": {"sha": "head"}}});
        assert_eq!(commit(&github, Some(&event)).unwrap(), "head");
        assert_eq!(commit(&github, None).unwrap(), "merge");
    }
}
