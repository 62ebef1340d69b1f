//! From GitLab's environment to a merge request to publish at. Pure.

use super::{RunNumber, Variables};

/// Where something is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRequestPlace {
    /// `https://gitlab.example/api/v4`
    pub api: String,
    pub project: u64,
    /// None in pipelines that are not for a merge request.
    pub request: Option<u64>,
    /// The address of the merge request.
    pub page: Option<String>,
    pub head: Option<String>,
    /// The pipeline; a job that is run again has a higher number of its own.
    pub run: Option<RunNumber>,
    /// What tells gates apart, where the user does not.
    pub gate: String,
}

impl MergeRequestPlace {
    /// Nothing where GitLab's variables are not those of a job.
    pub fn of(get: &Variables<'_>, number: Option<u64>) -> Option<Self> {
        let parsed = |name: &str| get(name)?.parse::<u64>().ok();
        let request = number.or_else(|| parsed("CI_MERGE_REQUEST_IID"));
        let heads = ["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"];
        let is_sha = |sha: &String| sha.bytes().all(|b| b.is_ascii_hexdigit());
        let run = |id| RunNumber {
            id,
            attempt: parsed("CI_JOB_ID").unwrap_or(1),
        };
        Some(Self {
            api: get("CI_API_V4_URL")?,
            project: parsed("CI_PROJECT_ID")?,
            page: get("CI_PROJECT_URL")
                .zip(request)
                .map(|(project, iid)| format!("{project}/-/merge_requests/{iid}")),
            request,
            head: heads.into_iter().find_map(get).filter(is_sha),
            run: parsed("CI_PIPELINE_ID").map(run),
            gate: get("CI_JOB_NAME").unwrap_or_else(|| "default".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_request_pipeline_names_its_request_and_another_has_none() {
        let get = |name: &str| {
            let value = match name {
                "CI_API_V4_URL" => "https://gitlab.acme.example/api/v4",
                "CI_PROJECT_ID" => "42",
                "CI_PROJECT_URL" => "https://gitlab.acme.example/web/shop",
                "CI_MERGE_REQUEST_IID" => "7",
                "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA" => "",
                "CI_COMMIT_SHA" => "abc",
                "CI_PIPELINE_ID" => "900",
                "CI_JOB_ID" => "1001",
                "CI_JOB_NAME" => "perf 1/2",
                _ => return None,
            };
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        let place = MergeRequestPlace::of(&get, None).unwrap();
        assert_eq!((place.project, place.request), (42, Some(7)));
        let page = "https://gitlab.acme.example/web/shop/-/merge_requests/7";
        assert_eq!(place.page.as_deref(), Some(page));
        assert_eq!(place.head.as_deref(), Some("abc"));
        let attempt = 1001;
        assert_eq!(place.run, Some(RunNumber { id: 900, attempt }));
        assert_eq!(place.gate, "perf 1/2");

        let branch = |name: &str| get(name).filter(|_| name != "CI_MERGE_REQUEST_IID");
        assert_eq!(MergeRequestPlace::of(&branch, None).unwrap().request, None);
        assert_eq!(
            MergeRequestPlace::of(&branch, Some(8)).unwrap().request,
            Some(8)
        );
        assert_eq!(MergeRequestPlace::of(&|_| None, Some(8)), None);
    }
}
