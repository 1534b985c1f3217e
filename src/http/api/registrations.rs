//! Registering: a firm and its first person.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, post, web};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::values::{code, parsed, within};
use crate::domain::fault::Faults;
use crate::domain::organization::OrganizationDetails;
use crate::domain::text::{Language, Name};
use crate::domain::values::OrganizationKind;
use crate::http::fields::DocumentBody;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Context;
use crate::services::accounts::{self, NewUser};

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(create_registration);
}

/// A firm and its first person, who becomes its owner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRegistration {
    organization: NewOrganization,
    user: NewPerson,
}

/// A firm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// `startup`, `investor` or `partner`.
    #[schema(
        max_length = 20,
        pattern = "^(startup|investor|partner)$",
        example = "startup"
    )]
    pub(super) kind: String,
    /// As in the register of companies.
    #[schema(min_length = 1, max_length = 200, example = "Tamar Water Ltd")]
    legal_name: String,
    /// As people call it, if otherwise.
    #[schema(min_length = 1, max_length = 200, example = "Tamar")]
    trade_name: Option<String>,
    /// The name in other scripts, by language tag.
    #[serde(default)]
    #[schema(example = json!({"he": "תמר"}))]
    names: BTreeMap<String, String>,
    /// Where it is registered: ISO 3166-1 alpha-2.
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "IL")]
    country: String,
    /// Its web site.
    #[schema(format = "uri", max_length = 300, example = "https://tamar.example")]
    website: Option<String>,
}

/// A person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// The address to sign in with.
    #[schema(format = Email, max_length = 254, example = "dana@tamar.example")]
    email: String,
    /// What they are called.
    #[schema(min_length = 1, max_length = 200, example = "Dana Levi")]
    name: String,
    /// The language they read: a BCP 47 tag.
    #[schema(max_length = 35, pattern = "^[A-Za-z0-9-]+$", example = "he")]
    language: String,
    /// Where their working day is: an IANA time zone.
    #[serde(default = "utc")]
    #[schema(max_length = 64, default = "UTC", example = "Asia/Jerusalem")]
    time_zone: String,
    /// 8 to 128 characters, none of the common ones, not the address.
    #[schema(format = Password, write_only, min_length = 8, max_length = 128)]
    password: String,
}

impl std::fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPerson").finish_non_exhaustive()
    }
}

fn utc() -> String {
    "UTC".to_owned()
}

/// What comes of a registration, whether the address was free or not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Registration)]
pub struct RegistrationView {
    /// Always `accepted`.
    #[schema(max_length = 20, example = "accepted")]
    status: &'static str,
}

/// Registers a firm with its first person.
///
/// The account is made when the link is opened that is mailed to the address.
/// An address that has one already is told so by mail; the answer here is the
/// same, so that nobody learns who has one.
#[utoipa::path(
    operation_id = "create_registration",
    tag = "accounts",
    security(()),
    request_body = NewRegistration,
    responses(
        (status = 202, description = "Accepted; a link that finishes it is mailed.", body = RegistrationView),
        (status = 429, description = "Too many from here."),
    )
)]
#[post("/v1/registrations")]
async fn create_registration(
    context: web::Data<Context>,
    body: DocumentBody<NewRegistration>,
) -> Result<HttpResponse, Problem> {
    let (details, user) = body.read(NewRegistration::read)?;
    accounts::register(&context, details, user).await?;
    Ok(HttpResponse::Accepted().json(RegistrationView { status: "accepted" }))
}

impl NewRegistration {
    fn read(self) -> Result<(OrganizationDetails, NewUser), Faults> {
        let mut faults = Faults::new();
        let details = faults.nest("/organization", self.organization.try_into());
        let user = faults.nest("/user", self.user.try_into());
        match (details, user) {
            (Some(details), Some(user)) => Ok((details, user)),
            _ => Err(faults),
        }
    }
}

impl TryFrom<NewOrganization> for OrganizationDetails {
    type Error = Faults;

    fn try_from(new: NewOrganization) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        let kind = code(&mut faults, "/kind", &new.kind, OrganizationKind::ALL);
        let legal_name = parsed(&mut faults, "/legal_name", "bad_name", &new.legal_name);
        let trade_name = new
            .trade_name
            .and_then(|name| parsed(&mut faults, "/trade_name", "bad_name", &name));
        let names = names(&mut faults, &new.names);
        let country = parsed(&mut faults, "/country", "unknown_country", &new.country);
        let website = new
            .website
            .and_then(|address| parsed(&mut faults, "/website", "bad_address", &address));
        match (kind, legal_name, country) {
            (Some(kind), Some(legal_name), Some(country)) if faults.is_empty() => Ok(Self {
                kind,
                legal_name,
                trade_name,
                names,
                country: Some(country),
                website,
            }),
            _ => Err(faults),
        }
    }
}

/// Names in other scripts, by language tag.
pub(in crate::http) fn names(
    faults: &mut Faults,
    names: &BTreeMap<String, String>,
) -> BTreeMap<Language, Name> {
    let mut read = BTreeMap::new();
    if !within(faults, "/names", names.len(), 20) {
        return read;
    }
    for (tag, name) in names {
        let place = format!("/names/{tag}");
        let language = parsed(faults, &place, "unknown_language", tag);
        let name = parsed(faults, &place, "bad_name", name);
        read.extend(language.zip(name));
    }
    read
}

impl TryFrom<NewPerson> for NewUser {
    type Error = Faults;

    fn try_from(new: NewPerson) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        let email = parsed(&mut faults, "/email", "bad_address", &new.email);
        let name = parsed(&mut faults, "/name", "bad_name", &new.name);
        let language = parsed(&mut faults, "/language", "unknown_language", &new.language);
        let zone = new
            .time_zone
            .parse::<Tz>()
            .map_err(|_| "must be an IANA time zone such as Asia/Baku");
        let zone = faults.take("/time_zone", "unknown_time_zone", zone);
        match (email, name, language, zone) {
            (Some(email), Some(name), Some(language), Some(zone)) => Ok(Self {
                email,
                name,
                language,
                zone,
                password: new.password,
            }),
            _ => Err(faults),
        }
    }
}
