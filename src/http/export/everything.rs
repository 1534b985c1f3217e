//! Everything of one firm, as its reader sees it: a line for each record, which
//! says what kind it is. What the firm was shown of others is in it as far as
//! it was shown, and nothing that others said or decided.

use serde_json::{Value, json};

use super::lists::page;
use super::{send, value};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{OrganizationId, StartupProfileId};
use crate::domain::organization::Organization;
use crate::domain::search::Order;
use crate::domain::time_order::TimeOrder;
use crate::domain::values::OrganizationKind;
use crate::http::api::deals::DealView;
use crate::http::api::disclosures::DisclosureView;
use crate::http::api::documents::{DocumentOpeningView, DocumentView, GrantView};
use crate::http::api::imports::ImportView;
use crate::http::api::introductions::IntroductionView;
use crate::http::api::investor_profiles::{InvestorProfileDocument, InvestorProfileView};
use crate::http::api::mandates::{MandateDocument, MandateView};
use crate::http::api::matches::{MatchView, Voice};
use crate::http::api::members::MemberView;
use crate::http::api::organizations::OrganizationView;
use crate::http::api::referrals::ReferralView;
use crate::http::api::startup_profiles::{
    CommentsView, StartupProfileDocument, StartupProfileView,
};
use crate::http::api::timeline::{self, SideRules, TimelineQuery};
use crate::http::api::values::time;
use crate::services::documents::{door, grants};
use crate::services::export_jobs::held_back::{self, Between, HeldBack};
use crate::services::export_jobs::{self, Lines};
use crate::services::paging::{Page, Whole};
use crate::services::{
    Caller, Context, Error, deals, documents, import_jobs, introductions, investors, ledger,
    mandates, matches, members, organizations, referrals, startups, teasers, versions,
};

/// Revisions that are read at a time.
const REVISIONS: i64 = 50;

/// What nobody takes any more is not written.
pub(super) struct Gone;

pub(super) enum Stop {
    Gone(Gone),
    Failed(Error),
}

impl From<Gone> for Stop {
    fn from(gone: Gone) -> Self {
        Self::Gone(gone)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Sends it.
pub(super) async fn write(
    context: &Context,
    caller: &Caller,
    firm: OrganizationId,
    to: &Lines,
) -> Result<(), Error> {
    let organizations::Found::Here(found) = organizations::find(context, caller, firm).await?
    else {
        // It became one with another firm, whose owner asks for that one.
        return Ok(());
    };
    let reader = export_jobs::firm::reader(caller, &found);
    let whole = Everything {
        context,
        asker: caller,
        caller: &reader,
        firm,
        to,
    };
    match whole.send_all(&found).await {
        Ok(()) | Err(Stop::Gone(Gone)) => Ok(()),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Whether compliance has to decide about something that the file would leave out
/// now.
pub(super) async fn waits(
    context: &Context,
    caller: &Caller,
    firm: OrganizationId,
) -> Result<bool, Error> {
    let organizations::Found::Here(found) = organizations::find(context, caller, firm).await?
    else {
        return Ok(false);
    };
    let reader = export_jobs::firm::reader(caller, &found);
    // Nobody takes lines of it.
    let (to, _) = tokio::sync::mpsc::channel(1);
    let whole = Everything {
        context,
        asker: caller,
        caller: &reader,
        firm,
        to: &to,
    };
    match whole.held().await {
        Ok(held) => Ok(held.iter().any(|one| one.waits)),
        Err(Stop::Gone(Gone)) => Ok(false),
        Err(Stop::Failed(error)) => Err(error),
    }
}

pub(super) struct Everything<'a> {
    pub(super) context: &'a Context,
    /// Who asked, in all their parts.
    pub(super) asker: &'a Caller,
    /// The same as the firm itself reads: another firm's records, and what the
    /// operator's people write for themselves, are none of this one's.
    pub(super) caller: &'a Caller,
    pub(super) firm: OrganizationId,
    to: &'a Lines,
}

/// Goes through all pages of a list: `$fetch` of each, then `$each` item.
macro_rules! through {
    ($fetch:expr, $item:ident => $each:block) => {{
        let mut cursor = None;
        loop {
            let Page { items, next } = $fetch(page(cursor)).await?;
            for $item in items $each
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
    }};
}
pub(super) use through;

impl Everything<'_> {
    async fn send_all(&self, found: &Organization) -> Result<(), Stop> {
        let (context, caller, firm) = (self.context, self.caller, self.firm);
        self.line("organization", value(&OrganizationView::from(found))?)
            .await?;
        through!(|page| members::list(context, caller, firm, page), member => {
            self.line("member", value(&MemberView::from(&member))?).await?;
        });
        for (purpose, text, at) in export_jobs::consents(context, caller, firm).await? {
            let consent = json!({ "purpose": purpose, "text": text, "given_at": time(at) });
            self.line("consent", consent).await?;
        }
        self.own(found).await?;
        self.records(found).await?;
        if matches!(
            found.details.kind,
            OrganizationKind::Startup | OrganizationKind::Investor
        ) {
            self.what_came_of_it().await?;
            self.held_back().await?;
        }
        through!(|page| ledger::list(context, caller, firm, page), line => {
            self.line("disclosure", value(&DisclosureView::from(&line))?).await?;
        });
        Ok(())
    }

    /// Whether the caller reads the firm's own: they belong to it.
    pub(super) fn is_of_firm(&self) -> bool {
        self.asker.belongs_to(self.firm)
    }

    /// Whether one of the operator's people belongs to one of these firms: what
    /// the firm reads of its dealings with it they are not to read.
    pub(super) fn is_partial(&self, firms: &[OrganizationId]) -> bool {
        !self.is_of_firm() && firms.iter().any(|firm| self.asker.belongs_to(*firm))
    }

    pub(super) async fn line(&self, kind: &str, data: Value) -> Result<(), Stop> {
        if send(self.to, &json!({ "type": kind, "data": data })).await? {
            Ok(())
        } else {
            Err(Gone.into())
        }
    }

    /// What the firm says, or handed in.
    async fn records(&self, firm: &Organization) -> Result<(), Stop> {
        match firm.details.kind {
            OrganizationKind::Startup => self.profiles().await,
            OrganizationKind::Investor => {
                self.investor_profile().await?;
                self.mandates().await
            }
            OrganizationKind::Partner => self.referrals().await,
            OrganizationKind::Operator => Ok(()),
        }
    }

    async fn profiles(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = |page| {
            let filter = startups::Filter {
                organization: Some(self.firm),
                ..startups::Filter::default()
            };
            startups::list(context, caller, filter, Order::Created, page, Whole)
        };
        through!(list, profile => {
            let id = profile.id;
            let view = value(&StartupProfileView::from(profile))?;
            self.line("startup_profile", view).await?;
            let mut after = 0;
            loop {
                let some = export_jobs::profile_revisions(context, id, after).await?;
                let Some((last, _)) = some.last() else { break };
                after = *last;
                for (revision, content) in some {
                    let says = StartupProfileDocument::of(self.firm, &content);
                    let said = json!({ "startup_profile": id.to_string(), "revision": revision, "says": value(&says)? });
                    self.line("startup_profile_revision", said).await?;
                }
            }
            let comments = startups::comments(context, caller, id).await?;
            let comments = value(&CommentsView::from(comments))?;
            let items = comments.get("items").and_then(Value::as_array);
            for comment in items.into_iter().flatten() {
                self.line("review_comment", comment.clone()).await?;
            }
            let subject = Subject::new(SubjectKind::StartupProfile, id);
            self.events(subject, Some(&timeline::RECORD)).await?;
            self.documents(id).await?;
            let filter = matches::Filter {
                startup_profile: Some(id),
                ..matches::Filter::default()
            };
            self.matches(filter.into()).await?;
        });
        Ok(())
    }

    async fn investor_profile(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = |page| {
            let filter = investors::Filter {
                organization: Some(self.firm),
                ..investors::Filter::default()
            };
            investors::list(context, caller, filter, Order::Created, page)
        };
        through!(list, profile => {
            let (id, today) = (profile.id, context.now().date_naive());
            let view = value(&InvestorProfileView::on(today, &profile))?;
            self.line("investor_profile", view).await?;
            let mut next = 1;
            while next <= profile.revision {
                let some = (next..=profile.revision.min(next + REVISIONS - 1)).collect();
                next += REVISIONS;
                for said in versions::at(context, caller, id, some).await? {
                    let says = InvestorProfileDocument::of(self.firm, &said.content);
                    let said = json!({ "investor_profile": id.to_string(), "revision": said.version.number, "says": value(&says)? });
                    self.line("investor_profile_revision", said).await?;
                }
            }
            let comments = CommentsView::from(investors::comments(context, caller, id).await?);
            let comments = value(&comments)?;
            let items = comments.get("items").and_then(Value::as_array);
            for comment in items.into_iter().flatten() {
                self.line("review_comment", comment.clone()).await?;
            }
            self.events(Subject::new(SubjectKind::InvestorProfile, id), None).await?;
        });
        Ok(())
    }

    /// What is on record of a profile's documents; their bytes are in the archive
    /// beside these lines, or fetched at their routes.
    async fn documents(&self, profile: StartupProfileId) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        through!(|page| grants::list(context, caller, profile, page), grant => {
            self.line("document_grant", value(&GrantView::from(&grant))?).await?;
        });
        let list = |page| {
            let filter = documents::Filter {
                organization: Some(self.firm),
                startup_profile: Some(profile),
                ..documents::Filter::default()
            };
            documents::list(context, caller, filter, page)
        };
        through!(list, document => {
            let id = document.id;
            self.line("document", value(&DocumentView::whole(&document))?).await?;
            through!(|page| door::views(context, caller, id, page), seen => {
                self.line("document_opening", value(&DocumentOpeningView::from(&seen))?).await?;
            });
            self.events(Subject::new(SubjectKind::Document, id), None).await?;
        });
        Ok(())
    }

    async fn mandates(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = |page| {
            let filter = mandates::Filter {
                organization: Some(self.firm),
                ..mandates::Filter::default()
            };
            mandates::list(context, caller, filter, Order::Created, page, Whole)
        };
        through!(list, mandate => {
            let id = mandate.id;
            self.line("mandate", value(&MandateView::from(mandate))?).await?;
            let mut after = 0;
            loop {
                let some = export_jobs::mandate_revisions(context, id, after).await?;
                let Some((last, _)) = some.last() else { break };
                after = *last;
                for (revision, content) in some {
                    let says = MandateDocument::of(self.firm, &content);
                    let said = json!({ "mandate": id.to_string(), "revision": revision, "says": value(&says)? });
                    self.line("mandate_revision", said).await?;
                }
            }
            let subject = Subject::new(SubjectKind::Mandate, id);
            self.events(subject, Some(&timeline::RECORD)).await?;
            let filter = matches::Filter {
                mandate: Some(id),
                ..matches::Filter::default()
            };
            self.matches(filter.into()).await?;
        });
        Ok(())
    }

    async fn referrals(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = |page| {
            let filter = referrals::Filter {
                partner: Some(self.firm),
                ..referrals::Filter::default()
            };
            referrals::list(context, caller, filter, page)
        };
        through!(list, standing => {
            self.line("referral", value(&ReferralView::listed(standing))?).await?;
        });
        let list = |page| {
            let filter = import_jobs::Filter {
                partner: Some(self.firm),
                sort: TimeOrder::CreatedLast,
                ..import_jobs::Filter::default()
            };
            import_jobs::list(context, caller, filter, page)
        };
        through!(list, import => {
            let subject = Subject::new(SubjectKind::Import, import.id);
            self.line("import", value(&ImportView::from(&import))?).await?;
            self.events(subject, None).await?;
        });
        Ok(())
    }

    async fn matches(&self, wanted: matches::Listed) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = |page| matches::list(context, caller, wanted.clone(), page);
        let mut cursor = None;
        loop {
            let Page { items, next } = list(page(cursor)).await?;
            let shown = teasers::show(context, caller, items).await?;
            for shown in &shown {
                if self.is_partial(&[shown.matched.startup, shown.matched.investor]) {
                    continue;
                }
                let taxonomy = context.taxonomy();
                let view = value(&MatchView::of(Voice::of(context, caller, &taxonomy), shown))?;
                self.line("match", view).await?;
                let subject = Subject::new(SubjectKind::Match, shown.matched.id);
                self.events(subject, Some(&timeline::MATCH)).await?;
            }
            cursor = next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Introductions and deals.
    async fn what_came_of_it(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = |page| {
            let filter = introductions::Filter {
                organization: Some(self.firm),
                ..introductions::Filter::default()
            };
            introductions::list(context, caller, filter, page)
        };
        through!(list, seen => {
            let known = &seen.introduction;
            if self.is_partial(&[known.startup, known.investor]) {
                continue;
            }
            self.line("introduction", value(&IntroductionView::of(&seen))?).await?;
            let subject = Subject::new(SubjectKind::Introduction, seen.introduction.id);
            self.events(subject, Some(&timeline::INTRODUCTION)).await?;
        });
        let list = |page| {
            let filter = deals::Filter {
                organization: Some(self.firm),
                ..deals::Filter::default()
            };
            deals::list(context, caller, filter, page)
        };
        through!(list, seen => {
            if self.is_partial(&[seen.deal.startup, seen.deal.investor]) {
                continue;
            }
            self.line("deal", value(&DealView::of(&seen, caller))?).await?;
            self.of_deal(&seen.deal).await?;
            let subject = Subject::new(SubjectKind::Deal, seen.deal.id);
            self.events(subject, Some(&timeline::DEAL)).await?;
        });
        if caller
            .organizations(OrganizationKind::Investor)
            .next()
            .is_some()
        {
            self.joined().await?;
        }
        Ok(())
    }

    /// What the file doesn't hold before compliance has decided.
    async fn held(&self) -> Result<Vec<HeldBack>, Stop> {
        let (context, caller, firm) = (self.context, self.caller, self.firm);
        let mut between = Vec::new();
        let list = |page| {
            let filter = introductions::Filter {
                organization: Some(firm),
                ..introductions::Filter::default()
            };
            introductions::list(context, caller, filter, page)
        };
        through!(list, seen => {
            if !self.is_partial(&[seen.introduction.startup, seen.introduction.investor]) {
                between.extend(Between::of_introduction(&seen, firm));
            }
        });
        let list = |page| {
            let filter = deals::Filter {
                organization: Some(firm),
                ..deals::Filter::default()
            };
            deals::list(context, caller, filter, page)
        };
        through!(list, seen => {
            if !self.is_partial(&[seen.deal.startup, seen.deal.investor]) {
                between.extend(Between::of_deal(&seen.deal, firm));
            }
        });
        let mut held = held_back::among(context, self.asker, &between).await?;
        if self.is_of_firm() {
            held.extend(held_back::practices_of(context, self.asker, firm).await?);
        }
        Ok(held)
    }

    /// Sends it, each with why and where to ask again.
    async fn held_back(&self) -> Result<(), Stop> {
        for one in self.held().await? {
            let (kind, id) = (one.record.kind, one.record.id);
            let route = match kind {
                SubjectKind::Deal => format!("/v1/deals/{id}/documents"),
                SubjectKind::Practice => format!("/v1/practices/{id}"),
                _ => format!("/v1/introductions/{id}"),
            };
            let says = json!({
                "record": kind.code(), "id": id.to_string(), "left_out": one.what,
                "rules": one.rules, "until": "decided", "read_at": route,
            });
            self.line("held_back", says).await?;
        }
        Ok(())
    }

    /// A record's timeline, by the rules of its route: whole for the
    /// operator's people, for a side what it may know.
    async fn events(&self, subject: Subject, rules: Option<&SideRules>) -> Result<(), Stop> {
        let mut query = TimelineQuery {
            after: 0,
            limit: crate::services::log::PAGE,
        };
        loop {
            let (context, caller) = (self.context, self.caller);
            let view = match rules {
                Some(rules) if !caller.reads_everything() => {
                    timeline::read_for_side(context, caller, subject, &query, rules).await
                }
                _ => timeline::read(context, subject, &query)
                    .await
                    .map(|part| part.for_caller(caller)),
            };
            let view = view.map_err(|problem| Error::internal(super::said(&problem)))?;
            for event in &view.items {
                let of = json!({ "kind": subject.kind.code(), "id": subject.id.to_string() });
                let event = json!({ "subject": of, "event": value(event)? });
                self.line("event", event).await?;
            }
            match view.next_after {
                Some(after) => query.after = after,
                None => return Ok(()),
            }
        }
    }
}
