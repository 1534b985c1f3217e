//! An investor profile, as callers read it.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::InvestorProfileDocument;
use crate::domain::investor::InvestorProfile;
use crate::http::api::values::time;

/// An investor profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvestorProfile)]
pub struct InvestorProfileView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    pub id: String,
    /// Where it stands.
    #[schema(max_length = 20, example = "draft")]
    status: String,
    /// Whether a person of the investor stands behind it.
    claimed: bool,
    /// Whether its accreditation is verified and holds today.
    accredited: bool,
    /// Counts what it says.
    #[schema(minimum = 1)]
    revision: i64,
    /// Counts every change; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
    /// First published.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, max_length = 40)]
    published_at: Option<String>,
    /// Until when it counts as confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, max_length = 10)]
    reconfirm_by: Option<String>,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
    /// What it says.
    #[serde(flatten)]
    document: InvestorProfileDocument,
}

impl InvestorProfileView {
    /// A profile on a day.
    pub fn on(today: NaiveDate, profile: &InvestorProfile) -> Self {
        Self {
            id: profile.id.to_string(),
            status: profile.status.to_string(),
            claimed: profile.claimed,
            accredited: profile.content.accreditation.holds_on(today),
            revision: profile.revision,
            version: profile.version,
            published_at: profile.published_at.map(time),
            reconfirm_by: profile.reconfirm_by.map(|day| day.to_string()),
            created_at: time(profile.created_at),
            updated_at: time(profile.updated_at),
            document: InvestorProfileDocument::of(profile.organization, &profile.content),
        }
    }

    /// Where it is found.
    pub fn location(&self) -> String {
        format!("/v1/investor-profiles/{}", self.id)
    }
}
