//! The passwords and nonces of one drill: drawn for it, and forgotten with it.

use std::collections::BTreeMap;

use pgrehearse_verdict::journal::RigCause;

use crate::drill::chance::unguessable;
use crate::drill::workload::WRITER;
use crate::drill::{Redactor, SUPERUSER, hex};
use crate::plan::{Fixture, PasswordSource};
use crate::rig::{Login, Trouble};
use crate::secret::Secret;

/// The role that stands in for the application where a fixture names none.
pub const STAND_IN: &str = "pgrehearse_app";

/// Every secret of a drill.
pub struct Secrets {
    passwords: BTreeMap<String, Secret>,
}

impl Secrets {
    /// Draws what must be drawn, takes what was given, and makes all of it known to `redactor`.
    pub fn draw(fixture: &Fixture, redactor: &Redactor) -> Result<Secrets, Trouble> {
        let mut passwords = BTreeMap::new();
        let ours = [SUPERUSER, WRITER].map(str::to_owned).into_iter();
        let application = fixture.application.iter().map(|application| application.role.clone());
        for role in ours.chain(application) {
            passwords.insert(role, password()?);
        }
        for role in &fixture.roles {
            let secret = match &role.password {
                PasswordSource::Generated => password()?,
                PasswordSource::Given(secret) => secret.clone(),
            };
            passwords.insert(role.name.clone(), secret);
        }
        passwords.values().for_each(|secret| redactor.learn(secret.reveal()));
        Ok(Secrets { passwords })
    }

    /// The password of a role of this drill.
    pub fn password(&self, role: &str) -> Secret {
        self.passwords.get(role).cloned().unwrap_or_else(|| Secret::new(""))
    }

    /// Every password that is known, by role.
    pub fn all(&self) -> &BTreeMap<String, Secret> {
        &self.passwords
    }

    /// Everything needed to connect as `role`.
    pub fn login(&self, role: &str, database: &str) -> Login {
        Login {
            user: role.to_owned(),
            password: self.password(role),
            database: database.to_owned(),
            settings: vec![("application_name".to_owned(), "pgrehearse".to_owned())],
        }
    }
}

fn password() -> Result<Secret, Trouble> {
    Ok(Secret::new(nonce()?))
}

/// A text that nobody can guess: 32 hexadecimal digits.
pub fn nonce() -> Result<String, Trouble> {
    random::<16>().map(|bytes| hex(&bytes))
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N], Trouble> {
    unguessable()
        .map_err(|error| Trouble::rig(RigCause::NotADrill, format!("no randomness: {error}")))
}
