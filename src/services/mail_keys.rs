//! The keys that sign mail (DKIM). They lie in the store, sealed, so that all
//! nodes sign alike.

use uuid::Uuid;

use crate::db;
use crate::domain::event::{Actor, SubjectKind};

use super::{Context, Error};

/// What the names of sealed keys begin with; the name of the DNS record
/// follows.
const NAME: &str = "dkim";

/// Between selector and domain in the name of a DNS record (RFC 6376 §3.6.2.1).
const BETWEEN: &str = "._domainkey.";

/// A key that signs mail.
#[derive(Clone)]
pub struct MailKey {
    /// The domain that signs.
    pub domain: String,
    /// Under which name its public half stands in the DNS.
    pub selector: String,
    /// The private key (PKCS#8).
    pub pkcs8: Vec<u8>,
}

/// Keeps a key; false when the domain has another one under that selector.
pub async fn keep(context: &Context, key: MailKey) -> Result<bool, Error> {
    let name = format!("{NAME}.{}{BETWEEN}{}", key.selector, key.domain);
    let sealed = context
        .sealer
        .seal(&name, &key.pkcs8)
        .map_err(Error::internal)?;
    let pen = context.pen(Actor::System);
    let (id, now): (Uuid, _) = (context.new_id(), context.now());
    context
        .db
        .write(move |conn| {
            if db::secrets::get_or_insert(conn, &name, &sealed, now)? != sealed {
                return Ok(false);
            }
            pen.append(
                conn,
                "mail_key.added",
                (SubjectKind::SigningKey, id),
                vec![],
            )?;
            Ok(true)
        })
        .await
}

/// Every key, by selector.
pub async fn all(context: &Context) -> Result<Vec<MailKey>, Error> {
    let stored = context.db.read(|conn| db::secrets::list(conn, NAME));
    let mut keys = Vec::new();
    for one in stored.await? {
        let pkcs8 = context.sealer.open(&one.name, &one.sealed);
        let pkcs8 = pkcs8.map_err(Error::internal)?.to_vec();
        let record = one
            .name
            .strip_prefix(NAME)
            .and_then(|it| it.strip_prefix('.'));
        if let Some((selector, domain)) = record.and_then(|it| it.split_once(BETWEEN)) {
            keys.push(MailKey {
                domain: domain.to_owned(),
                selector: selector.to_owned(),
                pkcs8,
            });
        }
    }
    Ok(keys)
}
