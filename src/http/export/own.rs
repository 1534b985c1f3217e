//! What else is a firm's own beside its profiles and mandates: its numbers, the
//! people it invited, the programs that act for it, its practices, the views it
//! shares, what it did before. What a role may not read is left out, and no
//! secret is ever in it.

use serde_json::{Value, json};

use super::everything::{Everything, Stop, through};
use super::lists::page;
use super::value;
use crate::domain::deal_work::{Camp, Marks, Visibility};
use crate::domain::ids::DealId;
use crate::domain::investment::Investment;
use crate::domain::organization::Organization;
use crate::domain::pipeline::Deal;
use crate::domain::values::OrganizationKind;
use crate::http::api::clients::ClientView;
use crate::http::api::deals::{DealDocumentView, NoteView, PartView, SyndicateView, TaskView};
use crate::http::api::licences::LicenceView;
use crate::http::api::members::InvitationView;
use crate::http::api::messages::OwnMessageView;
use crate::http::api::practices::{PracticeSessionView, PracticeView};
use crate::http::api::programmes::ProgrammeView;
use crate::http::api::saved_views::SavedViewView;
use crate::http::api::values::MoneyView;
use crate::http::api::walls::WallView;
use crate::services::deals::{documents as papers, notes, tasks};
use crate::services::paging::Page;
use crate::services::{
    Error, clients, export_jobs, invitations, licences, messages, organizations, participants,
    practices, programmes, saved_views, syndicates, walls,
};

/// What is there, or none of it where the caller's role doesn't read it.
fn if_readable<T>(read: Result<Vec<T>, Error>) -> Result<Vec<T>, Error> {
    match read {
        Err(Error::NotFound | Error::Forbidden) => Ok(Vec::new()),
        read => read,
    }
}

/// The same of a page.
fn page_if_readable<T>(read: Result<Page<T>, Error>) -> Result<Page<T>, Error> {
    match read {
        Err(Error::NotFound | Error::Forbidden) => Ok(Page {
            items: Vec::new(),
            next: None,
        }),
        read => read,
    }
}

impl Everything<'_> {
    /// Sends it.
    pub(super) async fn own(&self, firm: &Organization) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let (_, stated) = organizations::identifiers(context, caller, self.firm).await?;
        for number in stated {
            let number = json!({ "register": number.scheme().code(), "number": number.value() });
            self.line("identifier", number).await?;
        }
        let list = async |page| {
            page_if_readable(invitations::list(context, self.asker, self.firm, page).await)
        };
        through!(list, ticket => {
            self.line("invitation", value(&InvitationView::of(&ticket, context.now()))?).await?;
        });
        self.practices().await?;
        self.walls().await?;
        self.views().await?;
        match firm.details.kind {
            OrganizationKind::Startup => {
                let list = async |page| {
                    page_if_readable(licences::list(context, caller, self.firm, page).await)
                };
                through!(list, licence => {
                    self.line("licence", value(&LicenceView::from(&licence))?).await?;
                });
            }
            OrganizationKind::Investor => {
                for investment in export_jobs::past(context, self.firm).await? {
                    self.line("past_investment", past(&investment)?).await?;
                }
            }
            OrganizationKind::Partner => self.of_partner().await?,
            OrganizationKind::Operator => {}
        }
        self.messages().await
    }

    /// What the caller was told of the firm's records. Others' mail is theirs,
    /// and so is what one was told of one's account or as another firm's.
    async fn messages(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        if !self.is_of_firm() {
            return Ok(());
        }
        let mut cursor = None;
        loop {
            let Page { items, next } = messages::own(context, caller, page(cursor)).await?;
            let about = items.iter().map(|message| message.subject).collect();
            let own = export_jobs::firm::are_of(context, self.firm, about).await?;
            for (message, _) in items.iter().zip(own).filter(|(_, own)| *own) {
                self.line("message", value(&OwnMessageView::from(message))?)
                    .await?;
            }
            cursor = next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Whom it declared as competitors. What compliance declared is in no copy.
    async fn walls(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list =
            async |page| page_if_readable(walls::list_of(context, caller, self.firm, page).await);
        through!(list, wall => {
            if !wall.by_operator {
                self.line("wall", value(&WallView::of(&wall, None))?).await?;
            }
        });
        Ok(())
    }

    async fn practices(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = async |page| {
            let wanted = practices::Filter::default();
            page_if_readable(practices::list(context, caller, wanted, page).await)
        };
        through!(list, seen => {
            let practice = &seen.practice;
            if self.is_partial(&practice.firms()) || !practice.firms().contains(&self.firm) {
                continue;
            }
            let id = practice.id;
            self.line("practice", value(&PracticeView::of(&seen, caller))?).await?;
            let sessions = async |page| {
                page_if_readable(practices::sessions(context, caller, id, page).await)
            };
            through!(sessions, session => {
                let session = value(&PracticeSessionView::of(&session, caller))?;
                self.line("practice_session", session).await?;
            });
        });
        Ok(())
    }

    /// The views that are shared in the firm, and one's own.
    async fn views(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        if !self.is_of_firm() {
            return Ok(());
        }
        through!(|page| saved_views::list(context, caller, None, page), view => {
            let shared = view.organization;
            if shared.is_none_or(|shared| shared == self.firm) {
                self.line("saved_view", value(&SavedViewView::from(&view))?).await?;
            }
        });
        Ok(())
    }

    /// The programmes that a partner is a party to, and the programs that act
    /// for it.
    async fn of_partner(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = async |page| {
            page_if_readable(clients::list(context, self.asker, self.firm, page).await)
        };
        through!(list, known => {
            self.line("api_client", value(&ClientView::of(context, &known, None))?).await?;
        });
        let list = |page| programmes::list(context, caller, programmes::Filter::default(), page);
        through!(list, programme => {
            let parties = &programme.details.parties;
            if parties.iter().any(|party| party.organization == self.firm) {
                self.line("programme", value(&ProgrammeView::from(&programme))?).await?;
            }
        });
        Ok(())
    }

    /// What stands under a deal: who takes part, and what the firm noted and
    /// has to do, which only its own people read.
    pub(super) async fn of_deal(&self, record: &Deal) -> Result<(), Stop> {
        let (context, caller, id) = (self.context, self.caller, record.id);
        self.participants(id).await?;
        if !self.is_of_firm() {
            return Ok(());
        }
        let camp = if record.startup == self.firm {
            Camp::Startup
        } else {
            Camp::Investor
        };
        let is_firms = |marks: &Marks| marks.camp == camp || marks.visibility == Visibility::Both;
        let list = async |page| page_if_readable(notes::list(context, caller, id, page).await);
        through!(list, note => {
            if is_firms(&note.marks) {
                let says = value(&NoteView::of(&note, caller))?;
                self.line("deal_note", under(id, says)).await?;
            }
        });
        let list = async |page| page_if_readable(papers::list(context, caller, id, page).await);
        through!(list, paper => {
            if is_firms(&paper.marks) {
                let says = value(&DealDocumentView::of(&paper, caller))?;
                self.line("deal_document", under(id, says)).await?;
            }
        });
        let list = async |page| {
            let wanted = tasks::Filter {
                deal: id,
                status: None,
                assignee: None,
            };
            page_if_readable(tasks::list(context, caller, wanted, page).await)
        };
        through!(list, task => {
            if task.camp == camp || task.details.visibility == Visibility::Both {
                let says = value(&TaskView::of(&task, caller))?;
                self.line("deal_task", under(id, says)).await?;
            }
        });
        Ok(())
    }

    /// Who takes part in a deal, as far as the firm may know them.
    async fn participants(&self, id: DealId) -> Result<(), Stop> {
        let syndicate = syndicates::find(self.context, self.caller, id).await;
        for seen in if_readable(syndicate.map(|it| vec![it]))? {
            let firms = seen.members.iter();
            let firms: Vec<_> = firms.map(|it| it.participant.organization).collect();
            if self.is_partial(&firms) {
                continue;
            }
            let says = value(&SyndicateView::from(&seen))?;
            self.line("deal_participants", under(id, says)).await?;
        }
        Ok(())
    }

    /// The deals in which an investor takes part: what it promised and, of
    /// those of another investor that it joined, what it got.
    pub(super) async fn joined(&self) -> Result<(), Stop> {
        let (context, caller) = (self.context, self.caller);
        let list = |page| participants::list(context, caller, Some(self.firm), page);
        through!(list, part => {
            if self.is_partial(&[part.startup]) {
                continue;
            }
            self.line("participation", value(&PartView::from(&part))?).await?;
            if part.investor != self.firm {
                self.participants(part.deal).await?;
            }
        });
        Ok(())
    }
}

fn under(deal: DealId, says: Value) -> Value {
    json!({ "deal": deal.to_string(), "says": says })
}

fn past(investment: &Investment) -> Result<Value, Error> {
    let Investment {
        startup,
        country,
        tags,
        stage,
        round,
        invested_on,
    } = investment;
    let tags: Vec<_> = tags.iter().map(ToString::to_string).collect();
    let round = round.map(MoneyView::from);
    Ok(json!({
        "startup": startup,
        "country": country.map(|it| it.to_string()),
        "tags": tags,
        "stage": stage.map(crate::domain::values::Stage::code),
        "round": value(&round)?,
        "invested_on": invested_on.to_string(),
    }))
}
