//! Lists as lines. Startups with their profiles and investors with their
//! mandates come in the form in which they can be imported; what has no such
//! form as the API shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::{said, send, value};
use crate::domain::export::{ExportKind, Wanted};
use crate::domain::fault::Faults;
use crate::domain::identifier::Identifier;
use crate::domain::ids::OrganizationId;
use crate::domain::investor::InvestorProfile;
use crate::domain::mandate::Mandate;
use crate::domain::organization::Organization;
use crate::domain::profile::StartupProfile;
use crate::http::api::deals::{DealFilters, DealView};
use crate::http::api::introductions::{
    self as introductions_api, IntroductionFilters, IntroductionView,
};
use crate::http::api::investor_profiles::{InvestorProfileDocument, InvestorProfileFilters};
use crate::http::api::list_filters;
use crate::http::api::mandates::{MandateDocument, MandateFilters};
use crate::http::api::matches::{self as matches_api, MatchFilters, MatchView, Voice};
use crate::http::api::organizations::{OrganizationFilters, OrganizationView};
use crate::http::api::referrals::{ReferralFilters, ReferralView};
use crate::http::api::startup_profiles::{StartupProfileDocument, StartupProfileFilters};
use crate::http::api::values::time;
use crate::http::files::rows::{ContactDocument, FirmDetails, FirmDocument, RecordDocument};
use crate::http::problem::Problem;
use crate::http::query_string::parse_query;
use crate::services::export_jobs::{self, Lines, Names};
use crate::services::paging::{Page, PageRequest, Whole};
use crate::services::{
    Caller, Context, Error, deals, introductions, investors, mandates, matches, organizations,
    referrals, startups, teasers,
};

/// Records of a page.
const PAGE: usize = 100;

/// Whether a file names whom firms can be reached through, which no screen
/// shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contacts {
    /// It doesn't.
    LeftOut,
    /// It does, for the operator at the machine itself.
    Named,
}

/// A page from the cursor on.
pub(super) const fn page(cursor: Option<String>) -> PageRequest {
    PageRequest {
        cursor,
        limit: PAGE,
    }
}

/// Whether the filters are the list's.
pub(super) fn check(context: &Context, caller: &Caller, wanted: &Wanted) -> Result<(), Problem> {
    let Some(list) = wanted.kind.list() else {
        return Ok(());
    };
    list_filters::check(context, caller, list, &wanted.filters)
}

/// Whether the caller may read a list with these filters: its first record is
/// asked for.
pub(super) async fn probe(
    context: &Context,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<(), Error> {
    let mut list = List {
        context,
        caller,
        contacts: Contacts::LeftOut,
        ids: Ids::default(),
    };
    let first = PageRequest {
        cursor: None,
        limit: 1,
    };
    list.page(wanted.kind, &wanted.filters, first)
        .await
        .map(drop)
}

/// Sends the records of a list, in its order.
pub(super) async fn write(
    context: &Context,
    caller: &Caller,
    wanted: &Wanted,
    contacts: Contacts,
    to: &Lines,
) -> Result<(), Error> {
    let mut list = List {
        context,
        caller,
        contacts,
        ids: Ids::default(),
    };
    let mut cursor = None;
    loop {
        let found = list
            .page(wanted.kind, &wanted.filters, page(cursor))
            .await?;
        for line in found.items {
            if !send(to, &line).await? {
                return Ok(());
            }
        }
        cursor = found.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn filters<F: DeserializeOwned>(query: &str) -> Result<F, Error> {
    parse_query(query).map_err(|problem| wrong(&problem))
}

fn wrong(problem: &Problem) -> Error {
    let mut faults = Faults::new();
    faults.push("/filters", "bad_filter", said(problem));
    faults.into()
}

/// The ids that records go by in a file, each once: the one that the file has
/// for it which it came from, or its own.
#[derive(Default)]
struct Ids(BTreeSet<String>);

impl Ids {
    fn next(&mut self, known_as: Option<&String>, record: Uuid) -> String {
        let known = known_as.filter(|name| self.0.insert((*name).clone()));
        known.cloned().unwrap_or_else(|| record.to_string())
    }
}

struct List<'a> {
    context: &'a Context,
    caller: &'a Caller,
    contacts: Contacts,
    ids: Ids,
}

/// What is known of a page's firms.
struct Firms {
    known: BTreeMap<OrganizationId, Organization>,
    identifiers: BTreeMap<OrganizationId, BTreeMap<String, String>>,
    contacts: BTreeMap<OrganizationId, ContactDocument>,
    /// What the page's records are known as.
    names: Names,
}

impl List<'_> {
    async fn page(
        &mut self,
        kind: ExportKind,
        query: &str,
        page: PageRequest,
    ) -> Result<Page<Value>, Error> {
        let (context, caller) = (self.context, self.caller);
        match kind {
            ExportKind::StartupProfiles => self.startups(query, page).await,
            ExportKind::Mandates => self.mandates(query, page).await,
            ExportKind::InvestorProfiles => self.investors(query, page).await,
            ExportKind::Matches => {
                let asked: MatchFilters = filters(query)?;
                let wanted =
                    matches_api::wanted(context, caller, &asked).map_err(|it| wrong(&it))?;
                let found = matches::list(context, caller, wanted, page).await?;
                let shown = teasers::show(context, caller, found.items).await?;
                let taxonomy = context.taxonomy();
                let voice = Voice::of(context, caller, &taxonomy);
                let views = shown
                    .iter()
                    .map(|shown| value(&MatchView::of(voice, shown)));
                Ok(Page {
                    items: views.collect::<Result<_, _>>()?,
                    next: found.next,
                })
            }
            ExportKind::Introductions => {
                let asked: IntroductionFilters = filters(query)?;
                let filter = introductions_api::filter(caller, &asked).map_err(|it| wrong(&it))?;
                let found = introductions::list(context, caller, filter, page).await?;
                viewed(found, |seen| value(&IntroductionView::of(&seen)))
            }
            ExportKind::Deals => {
                let filter = filters::<DealFilters>(query)?.read();
                let filter = filter.map_err(|it| wrong(&it))?;
                let found = deals::list(context, caller, filter, page).await?;
                viewed(found, |seen| value(&DealView::of(&seen, caller)))
            }
            ExportKind::Referrals => {
                let filter = filters::<ReferralFilters>(query)?.read();
                let filter = filter.map_err(|it| wrong(&it))?;
                let found = referrals::list(context, caller, filter, page).await?;
                viewed(found, |standing| value(&ReferralView::listed(standing)))
            }
            ExportKind::Organizations => {
                let asked = filters::<OrganizationFilters>(query)?.read(&context.taxonomy());
                let (filter, order) = asked.map_err(|it| wrong(&it))?;
                let found = organizations::list(context, caller, filter, order, page).await?;
                viewed(found, |firm| value(&OrganizationView::from(&firm)))
            }
            ExportKind::Organization => Err(Error::NotFound),
        }
    }

    async fn startups(&mut self, query: &str, page: PageRequest) -> Result<Page<Value>, Error> {
        let (context, caller) = (self.context, self.caller);
        let asked = filters::<StartupProfileFilters>(query)?.read(&context.taxonomy());
        let (filter, order) = asked.map_err(|it| wrong(&it))?;
        let found = startups::list(context, caller, filter, order, page, Whole).await?;
        let owners = found.items.iter();
        let owners = owners.map(|profile| (profile.id.uuid(), profile.organization));
        let firms = self.firms(owners.collect()).await?;
        viewed(found, |profile| self.startup(&firms, &profile))
    }

    async fn mandates(&mut self, query: &str, page: PageRequest) -> Result<Page<Value>, Error> {
        let (context, caller) = (self.context, self.caller);
        let asked = filters::<MandateFilters>(query)?.read(&context.taxonomy());
        let (filter, order) = asked.map_err(|it| wrong(&it))?;
        let found = mandates::list(context, caller, filter, order, page, Whole).await?;
        let owners = found.items.iter();
        let owners = owners.map(|mandate| (mandate.id.uuid(), mandate.organization));
        let firms = self.firms(owners.collect()).await?;
        viewed(found, |mandate| self.mandate(&firms, &mandate))
    }

    async fn investors(&mut self, query: &str, page: PageRequest) -> Result<Page<Value>, Error> {
        let (context, caller) = (self.context, self.caller);
        let asked = filters::<InvestorProfileFilters>(query)?.read(&context.taxonomy());
        let (filter, order) = asked.map_err(|it| wrong(&it))?;
        let found = investors::list(context, caller, filter, order, page).await?;
        let owners = found.items.iter();
        let owners = owners.map(|profile| (profile.id.uuid(), profile.organization));
        let firms = self.firms(owners.collect()).await?;
        viewed(found, |profile| self.investor(&firms, &profile))
    }

    async fn firms(&self, records: Vec<(Uuid, OrganizationId)>) -> Result<Firms, Error> {
        let ids = records.iter().map(|(_, firm)| *firm);
        let ids: Vec<_> = ids.collect::<BTreeSet<_>>().into_iter().collect();
        let records = records.into_iter().map(|(record, _)| record).collect();
        let names = export_jobs::names(self.context, self.caller, records).await?;
        let mut contacts = BTreeMap::new();
        if self.contacts == Contacts::Named {
            for (firm, email, language) in export_jobs::contacts(self.context, ids.clone()).await? {
                let contact = ContactDocument {
                    email: email.to_string(),
                    language: language.to_string(),
                };
                contacts.insert(firm, contact);
            }
        }
        let firms = export_jobs::firms(self.context, self.caller, ids.clone()).await?;
        let stated = export_jobs::identifiers(self.context, ids).await?;
        let by_register = |stated: BTreeSet<Identifier>| {
            let stated = stated.iter();
            let stated = stated.map(|it| (it.scheme().code().to_owned(), it.value().to_owned()));
            stated.collect()
        };
        let stated = stated.into_iter();
        Ok(Firms {
            known: firms.into_iter().map(|firm| (firm.id, firm)).collect(),
            identifiers: stated.map(|(id, it)| (id, by_register(it))).collect(),
            contacts,
            names,
        })
    }

    fn startup(&mut self, firms: &Firms, profile: &StartupProfile) -> Result<Value, Error> {
        let record = RecordDocument {
            id: Some(profile.id.to_string()),
            organization: Some(profile.organization.to_string()),
            status: Some(profile.status.to_string()),
            claimed: Some(profile.claimed),
            version: Some(profile.version),
            created_at: Some(time(profile.created_at)),
            updated_at: Some(time(profile.updated_at)),
        };
        let document = StartupProfileDocument {
            organization: None,
            ..StartupProfileDocument::of(profile.organization, &profile.content)
        };
        let row = self.row(firms, profile.organization, profile.id.uuid(), record)?;
        value(&FirmDocument {
            startup_profile: Some(document),
            source_tags: profile.content.source_tags.clone(),
            ..row
        })
    }

    fn mandate(&mut self, firms: &Firms, mandate: &Mandate) -> Result<Value, Error> {
        let record = RecordDocument {
            id: Some(mandate.id.to_string()),
            organization: Some(mandate.organization.to_string()),
            status: Some(mandate.status.to_string()),
            claimed: Some(mandate.claimed),
            version: Some(mandate.version),
            created_at: Some(time(mandate.created_at)),
            updated_at: Some(time(mandate.updated_at)),
        };
        let document = MandateDocument {
            organization: None,
            ..MandateDocument::of(mandate.organization, &mandate.content)
        };
        let row = self.row(firms, mandate.organization, mandate.id.uuid(), record)?;
        value(&FirmDocument {
            mandate: Some(document),
            source_tags: mandate.content.source_tags.clone(),
            derived: mandate.content.derived,
            ..row
        })
    }

    fn investor(&mut self, firms: &Firms, profile: &InvestorProfile) -> Result<Value, Error> {
        let record = RecordDocument {
            id: Some(profile.id.to_string()),
            organization: Some(profile.organization.to_string()),
            status: Some(profile.status.to_string()),
            claimed: Some(profile.claimed),
            version: Some(profile.version),
            created_at: Some(time(profile.created_at)),
            updated_at: Some(time(profile.updated_at)),
        };
        let document = InvestorProfileDocument {
            organization: None,
            ..InvestorProfileDocument::of(profile.organization, &profile.content)
        };
        let row = self.row(firms, profile.organization, profile.id.uuid(), record)?;
        value(&FirmDocument {
            investor_profile: Some(document),
            ..row
        })
    }

    fn row(
        &mut self,
        firms: &Firms,
        firm: OrganizationId,
        record: Uuid,
        standing: RecordDocument,
    ) -> Result<FirmDocument, Error> {
        let known = firms.known.get(&firm).ok_or(Error::NotFound)?;
        let external_id = self.ids.next(firms.names.of.get(&record), record);
        let own = known.external_id.clone();
        let own = own.unwrap_or_else(|| firm.to_string());
        let own = Some(own).filter(|own| !firms.names.are_referrals && *own != external_id);
        Ok(FirmDocument {
            external_id,
            organization: FirmDetails {
                external_id: own,
                ..FirmDetails::of(&known.details)
            },
            identifiers: firms.identifiers.get(&firm).cloned(),
            contact: firms.contacts.get(&firm).cloned(),
            startup_profile: None,
            mandate: None,
            investor_profile: None,
            source_tags: Vec::new(),
            derived: false,
            record: Some(standing),
        })
    }
}

fn viewed<T>(
    page: Page<T>,
    view: impl FnMut(T) -> Result<Value, Error>,
) -> Result<Page<Value>, Error> {
    Ok(Page {
        items: page.items.into_iter().map(view).collect::<Result<_, _>>()?,
        next: page.next,
    })
}
