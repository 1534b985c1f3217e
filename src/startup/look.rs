//! A store that is looked at and stays as it is: nothing is migrated,
//! published, made or written.

use super::{
    Clock, Config, Context, Db, MasterSecret, StartError, assembled, check_exists, signing,
    store_options, token_lifetime,
};

/// Opens the store of these settings as it is, older or newer than this
/// program.
pub fn open_to_look(config: &Config) -> Result<Db, StartError> {
    check_exists(config)?;
    Db::open_to_look(store_options(config)?).map_err(StartError::new)
}

/// What use cases need, of a store that is only looked at.
///
/// # Errors
/// A secret that is lost or another one, a file that can't be used.
pub async fn context_to_look(
    config: &Config,
    db: Db,
    clock: Clock,
    public_url: String,
) -> Result<Context, StartError> {
    let secret = secret_on_record(config)?;
    let lifetime = token_lifetime(config);
    let keys = signing::read(&db, &secret.sealer(), lifetime, clock.now()).await;
    let keys = keys.map_err(StartError::new)?;
    assembled(config, db, clock, public_url, (&secret, keys))
}

/// The configured secret, or the one in the data directory.
///
/// # Errors
/// It is lost: none is made.
pub(super) fn secret_on_record(config: &Config) -> Result<MasterSecret, StartError> {
    if let Some(key) = &config.secrets.key {
        return MasterSecret::from_base64(key.expose())
            .map_err(|error| StartError(format!("secrets.key: {error}")));
    }
    let path = config.data.dir.join("secret.key");
    match path.try_exists() {
        Ok(false) => Err(StartError(format!(
            "{} is missing, and without it what is sealed in this store can't be opened: restore it from a backup, or set CORRIDOR__SECRETS__KEY to the secret that this store was made with",
            path.display()
        ))),
        _ => MasterSecret::load(&path).map_err(StartError::new),
    }
}
