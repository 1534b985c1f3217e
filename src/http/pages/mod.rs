//! Pages for people without an account: plain HTML that works without
//! JavaScript, in the reader's language.

mod ask_consents;
mod consent;
mod deal;
mod entry;
pub mod examples;
pub mod gallery;
mod mail_settings;
mod my_consents;
mod phrase;
mod pulse;
mod question;
mod same_site;
mod ticket;
mod tickets;
mod wording;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
};
use actix_web::{HttpResponse, web};
use askama::Template;

use super::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::Error;

const STYLE: &str = include_str!("templates/pages.css");

/// What a page may load and do: its style and its own form, nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// What every page says about itself. Its address holds a secret: it is kept
/// nowhere, found by nobody and named to no other site.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Registers the pages and their style.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(consent::show_question)
        .service(consent::answer_question)
        .service(deal::show_deal)
        .service(deal::answer_deal)
        .service(entry::show_match)
        .service(entry::answer_match)
        .service(entry::show_brief)
        .service(mail_settings::show_settings)
        .service(mail_settings::change_settings)
        .service(mail_settings::show_unsubscribe)
        .service(mail_settings::unsubscribe)
        .service(ask_consents::show_form)
        .service(ask_consents::send_link)
        .service(my_consents::show_consents)
        .service(my_consents::withdraw)
        .service(pulse::show_pulse)
        .service(pulse::click)
        .service(tickets::show_ticket)
        .service(tickets::use_ticket)
        .undocumented(web::resource("/pages.css").route(web::get().to(style)));
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(STYLE)
}

/// A page as an answer.
fn page(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = template
        .render()
        .map_err(|error| Problem::from(Error::internal(error)))?;
    let mut response = HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html);
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
