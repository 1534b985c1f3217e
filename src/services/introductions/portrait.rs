//! What somebody who is asked reads of the other side: by name and as its own
//! records describe it where that side has agreed, else as a teaser. Nothing
//! of it reaches a person before both have agreed, whatever a text holds.

use crate::db::{self, Conn};
use crate::domain::ids::OrganizationId;
use crate::domain::investor::InvestorContent;
use crate::domain::mandate::MandateContent;
use crate::domain::money::Money;
use crate::domain::organization::OrganizationDetails;
use crate::domain::profile::{ProfileStatus, Round, StartupContent, telling_nothing};
use crate::domain::scoring::Factor;
use crate::domain::screening;
use crate::domain::tag::Facet;
use crate::domain::text::{Language, Localized, Slug};
use crate::domain::values::Side;
use crate::domain::wording::Figure;
use crate::services::disclosure::Pair;
use crate::services::organizations::names_that_tell;
use crate::services::{Context, Error};

use super::profiles::Says;

/// What is read of the other side beside its name and country.
#[derive(Debug, Clone, Default)]
pub struct Portrait {
    /// In a sentence of its own.
    pub sentence: Localized,
    /// In a few paragraphs of its own.
    pub paragraphs: Localized,
    lines: Vec<Line>,
}

/// One thing that is said of a firm.
#[derive(Debug, Clone)]
struct Line {
    label: Label,
    value: Value,
}

#[derive(Debug, Clone, Copy)]
enum Label {
    /// It says itself what it is.
    None,
    Factor(Factor),
    Figure(Figure),
}

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Tags(Vec<Slug>),
    Facets(Facet, Vec<Slug>),
    /// Codes of a group of words.
    Words(&'static str, Vec<String>),
}

impl Portrait {
    /// What `side` of a pair is shown as, by name or without.
    ///
    /// # Errors
    /// A record is missing, or a statement failed.
    pub(in crate::services) fn of(
        conn: &mut Conn,
        pair: &Pair,
        side: Side,
        named: bool,
    ) -> Result<Self, Error> {
        match side {
            Side::Startup => Self::of_startup(conn, pair, named),
            Side::Investor if named => Self::of_investor(conn, pair),
            Side::Investor => Ok(Self::default()
                .words(Factor::Stage, "stage", &pair.mandate.content.stages)
                .tags(pair.mandate.content.tags.keys())),
        }
    }

    fn of_startup(conn: &mut Conn, pair: &Pair, named: bool) -> Result<Self, Error> {
        let content = &pair.profile.content;
        let mut portrait = Self::default()
            .words(Factor::Stage, "stage", content.stage)
            .tags(content.all_tags());
        if !named {
            let names = names_that_tell(conn, pair.profile.organization)?;
            portrait.sentence = telling_nothing(&content.one_liner, texts(&names));
            return Ok(portrait);
        }
        let people = people(conn, pair.profile.organization)?;
        portrait.sentence = telling_nothing(&content.one_liner, texts(&people));
        portrait.paragraphs = telling_nothing(&content.summary, texts(&people));
        let markets = content.markets_now.union(&content.markets_wanted);
        let (round, traction) = (content.round.as_ref(), &content.traction);
        Ok(portrait
            .words(Factor::Market, "country", markets)
            .facets(Factor::DealIntent, Facet::DealIntent, &content.deal_intents)
            .words(Factor::Language, "language", &content.languages)
            .figure(Figure::Round, round.map(sought))
            .figure(Figure::Revenue, traction.revenue_12m.as_ref())
            .figure(Figure::Customers, traction.customers)
            .figure(Figure::Pilots, traction.pilots)
            .figure(Figure::Team, content.team_size))
    }

    fn of_investor(conn: &mut Conn, pair: &Pair) -> Result<Self, Error> {
        let mandate = &pair.mandate.content;
        let organization = pair.mandate.organization;
        let profile = db::investor_profiles::of(conn, organization)?;
        let profile = profile.filter(|it| it.status == ProfileStatus::Published);
        let mut portrait = Self::default();
        if let Some(profile) = &profile {
            let people = people(conn, organization)?;
            portrait.paragraphs = telling_nothing(&profile.content.about, texts(&people));
            portrait.push(
                Label::None,
                Value::Facets(
                    Facet::InvestorType,
                    profile.content.kind.iter().cloned().collect(),
                ),
            );
        }
        Ok(portrait
            .words(Factor::Stage, "stage", &mandate.stages)
            .tags(mandate.tags.keys())
            .words(Factor::Market, "country", &mandate.markets)
            .facets(Factor::DealIntent, Facet::DealIntent, &mandate.deal_intents)
            .facets(
                Factor::TransferTopics,
                Facet::TransferTopic,
                &mandate.transfer_topics,
            )
            .words(Factor::Language, "language", &mandate.languages)
            .figure(
                Figure::Portfolio,
                profile.map(|it| it.content.portfolio.len()),
            ))
    }

    fn push(&mut self, label: Label, value: Value) {
        let empty = match &value {
            Value::Text(text) => text.is_empty(),
            Value::Tags(slugs) | Value::Facets(_, slugs) => slugs.is_empty(),
            Value::Words(_, codes) => codes.is_empty(),
        };
        if !empty {
            self.lines.push(Line { label, value });
        }
    }

    fn words<T: ToString>(
        mut self,
        label: Factor,
        group: &'static str,
        codes: impl IntoIterator<Item = T>,
    ) -> Self {
        let codes = codes.into_iter().map(|code| code.to_string()).collect();
        self.push(Label::Factor(label), Value::Words(group, codes));
        self
    }

    fn tags<'a>(mut self, tags: impl Iterator<Item = &'a Slug>) -> Self {
        self.push(
            Label::Factor(Factor::Tags),
            Value::Tags(tags.cloned().collect()),
        );
        self
    }

    fn facets<'a>(
        mut self,
        label: Factor,
        facet: Facet,
        slugs: impl IntoIterator<Item = &'a Slug>,
    ) -> Self {
        let slugs = slugs.into_iter().cloned().collect();
        self.push(Label::Factor(label), Value::Facets(facet, slugs));
        self
    }

    fn figure<T: ToString>(mut self, label: Figure, figure: Option<T>) -> Self {
        let text = figure.map(|it| it.to_string()).unwrap_or_default();
        self.push(Label::Figure(label), Value::Text(text));
        self
    }

    /// What it is, a line each, in a reader's words.
    #[must_use]
    pub fn lines(&self, context: &Context, reader: &Language) -> Vec<String> {
        let label = |label| match label {
            Label::None => None,
            Label::Factor(factor) => Some(context.wording.factor(factor, reader)),
            Label::Figure(figure) => Some(context.wording.figure(figure, reader)),
        };
        let lines = self.lines.iter().map(|line| {
            let value = line.value.written(context, reader);
            match label(line.label) {
                Some(label) => format!("{label}: {value}"),
                None => value,
            }
        });
        lines.collect()
    }
}

impl Value {
    fn written(&self, context: &Context, reader: &Language) -> String {
        let taxonomy = context.taxonomy();
        let of = |found: Option<String>, code: &str| found.unwrap_or_else(|| code.to_owned());
        let all: Vec<String> = match self {
            Self::Text(text) => return text.clone(),
            Self::Tags(slugs) => slugs
                .iter()
                .map(|slug| {
                    let tag = taxonomy.tag(slug);
                    let label = tag.map(|tag| tag.labels.for_reader(reader).to_owned());
                    of(label, slug.as_str())
                })
                .collect(),
            Self::Facets(facet, slugs) => slugs
                .iter()
                .map(|slug| {
                    let value = taxonomy.facet_value(*facet, slug);
                    let label = value.map(|it| it.labels.for_reader(reader).to_owned());
                    of(label, slug.as_str())
                })
                .collect(),
            Self::Words(group, codes) => codes
                .iter()
                .map(|code| {
                    let word = context.wording.word(group, code, reader);
                    of(word.map(str::to_owned), code)
                })
                .collect(),
        };
        all.join(", ")
    }
}

fn sought(round: &Round) -> Money {
    Money {
        amount_minor: round.target,
        currency: round.currency,
    }
}

fn texts(names: &[String]) -> impl Iterator<Item = &str> + Clone {
    names.iter().map(String::as_str)
}

/// The names of a firm's people: the firm may be named, they may not.
fn people(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<String>, Error> {
    let members = db::users::members(conn, organization)?.into_iter();
    Ok(members.map(|(user, _)| user.name.to_string()).collect())
}

/// What records say, without anything by which a person of that firm, or the
/// firm past the service, could be reached.
pub(super) fn before_both_agreed(
    conn: &mut Conn,
    firm: &mut OrganizationDetails,
    organization: OrganizationId,
    says: Says,
) -> Result<Says, Error> {
    firm.website = None;
    let people = people(conn, organization)?;
    Ok(match says {
        Says::Startup(content) => Says::Startup(Box::new(StartupContent {
            one_liner: telling_nothing(&content.one_liner, texts(&people)),
            summary: telling_nothing(&content.summary, texts(&people)),
            ..*content
        })),
        Says::Investor { mandate, profile } => {
            let clean = |text: &str| screening::findings(text, texts(&people)).is_empty();
            let title = mandate.title.clone().filter(|title| clean(title.as_str()));
            Says::Investor {
                mandate: Box::new(MandateContent { title, ..*mandate }),
                profile: profile.map(|it| {
                    Box::new(InvestorContent {
                        about: telling_nothing(&it.about, texts(&people)),
                        ..*it
                    })
                }),
            }
        }
    })
}
