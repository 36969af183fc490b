//! Everything that was read and checked, together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use clock::duration;
use codes::ids::{ApplicationId, ClientId, ProviderId};
use codes::policy::{PairingRule, Policy};
use definitions::{Draft, Journey, JourneyId};
use yaml::{Content, Node, Problem};

use crate::agents::{self, AgentProvider};
use crate::application::{self, Application};
use crate::client::{Client, ClientKind};
use crate::known::Known;
use crate::reading::{LIMITS, Reading};
use crate::remote::RemoteDirectory;
use crate::source::Source;
use crate::users;

/// A valid configuration.
///
/// ```
/// use config::{Configuration, Source};
///
/// let read = |text: &str| {
///     Configuration::read(&Source::from_files([("applications/acme.yaml", text)]))
/// };
/// let yaml = "
/// id: acme
/// name: Acme
/// clients:
///   - id: help-desk
///     secret_sha256: e2b3ae8de3724c4ef3af65101dcf502db3148058fa8b5e88d98110085cdd732a
///     scopes: [codes:issue]
/// temp_code: {expiration: 10m}
/// ";
/// let configuration = read(yaml).expect("no problems");
/// assert_eq!(configuration.applications().count(), 1);
///
/// let problems = read(&yaml.replace("10m", "300")).unwrap_err();
/// let problem = "applications/acme.yaml:8: temp_code: expiration must have a unit: \
///     write `300s` for 300 seconds";
/// assert_eq!(problems[0].to_string(), problem);
/// ```
#[derive(Debug)]
pub struct Configuration {
    applications: BTreeMap<ApplicationId, Application>,
    /// The application of each client.
    clients: BTreeMap<ClientId, ApplicationId>,
    journeys: BTreeMap<JourneyId, Arc<Journey>>,
    origins: BTreeSet<String>,
    providers: BTreeMap<ProviderId, AgentProvider>,
    fingerprint: [u8; 32],
}

impl Configuration {
    /// Reads and checks a folder.
    ///
    /// # Errors
    /// Every problem of every file, with its line; also a folder that cannot be read.
    pub fn load(folder: &Path) -> Result<Self, Vec<Problem>> {
        Self::read(&Source::Folder(folder.to_owned()))
    }

    /// Reads and checks what a source holds. Reports everything that is wrong at once.
    ///
    /// # Errors
    /// Every problem of every file, with its line.
    pub fn read(source: &Source) -> Result<Self, Vec<Problem>> {
        Self::read_with(source, RemoteDirectory::default())
    }

    /// As [`read`](Self::read), with the directory of applications with `users: { directory: grpc }`.
    pub(crate) fn read_with(
        source: &Source,
        remote: RemoteDirectory,
    ) -> Result<Self, Vec<Problem>> {
        source.exists().map_err(|problem| vec![problem])?;
        let mut reading = Reading::new(source);
        let mut known = Known { remote, ..Known::default() };
        let journeys = journeys(&mut reading, &mut known);
        directories(&mut reading, &mut known);
        let applications = applications(&mut reading, &mut known);
        let providers = providers(&mut reading, &mut known, &applications);
        let fingerprint = reading.finish()?;

        let clients = applications.values().flat_map(|application| {
            application.clients.keys().map(|client| (client.clone(), application.id.clone()))
        });
        let kinds = applications.values().flat_map(|application| application.clients.values());
        let origins = kinds.filter_map(|client| match &client.kind {
            ClientKind::Public { origins, .. } => Some(origins.iter().cloned()),
            ClientKind::Confidential { .. } => None,
        });
        Ok(Self {
            clients: clients.collect(),
            origins: origins.flatten().collect(),
            applications,
            journeys,
            providers,
            fingerprint,
        })
    }

    /// The application of that id.
    pub fn application(&self, id: &ApplicationId) -> Option<&Application> {
        self.applications.get(id)
    }

    /// All applications.
    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.values()
    }

    /// The client of that id, and its application.
    pub fn client(&self, id: &ClientId) -> Option<(&Application, &Client)> {
        let application = self.applications.get(self.clients.get(id)?)?;
        Some((application, application.clients.get(id)?))
    }

    /// The journey of that id.
    pub fn journey(&self, id: &JourneyId) -> Option<&Arc<Journey>> {
        self.journeys.get(id)
    }

    /// All journeys.
    pub fn journeys(&self) -> impl Iterator<Item = &Arc<Journey>> {
        self.journeys.values()
    }

    /// The identity provider of agents of that name.
    pub fn provider(&self, id: &ProviderId) -> Option<&AgentProvider> {
        self.providers.get(id)
    }

    /// All identity providers of agents.
    pub fn providers(&self) -> impl Iterator<Item = &AgentProvider> {
        self.providers.values()
    }

    /// Whether some client signs its users in with `OpenID` Connect.
    pub fn signs_users_in(&self) -> bool {
        let mut clients = self.applications.values().flat_map(|it| it.clients.values());
        clients.any(|client| client.openid.is_some())
    }

    /// Whether some page may call from a web origin: the CORS allowlist.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }

    /// The SHA-256 of every file that was read, secrets included.
    pub const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// A line for each application that says its policy, and how likely it is that
    /// one issued code is guessed.
    pub fn policy_lines(&self) -> Vec<String> {
        let line = |application: &Application| {
            let settings = application.policy.settings();
            let shape = application.policy.shape();
            format!(
                "{}: codes of {} {} that live {}; chance that one is guessed: {} in {:.0}, then locked for {}",
                application.id,
                shape.length(),
                match shape.alphabet() {
                    codes::shape::Alphabet::Digits => "digits",
                    codes::shape::Alphabet::Base32 => "base32 characters",
                },
                duration::to_text(settings.expiration),
                settings.failed_attempts,
                shape.count(),
                duration::to_text(settings.lockout),
            )
        };
        self.applications.values().map(line).collect()
    }

    /// Warnings about valid settings, with what to do: a line for each, which begins with the application.
    pub fn warnings(&self) -> Vec<String> {
        let named = |it: &Application, text| format!("{}: {text}", it.id);
        let lines = |it| self.warnings_of(it).into_iter().map(move |text| named(it, text));
        self.applications.values().flat_map(lines).collect()
    }

    /// What is unwise in an application.
    pub fn warnings_of(&self, application: &Application) -> Vec<String> {
        let policy = &application.policy;
        let odds = format!(
            "the chance that a code is guessed is more than 1 in {}: reduce failed_attempts, \
             increase length or use alphabet base32",
            Policy::SAFE_ODDS,
        );
        let burning = "anyone who knows a user ID can burn codes: set pairing to optional or required, \
             or attempts_per_source below failed_attempts";
        let is_run = |journey: &&Arc<Journey>| {
            application.clients.values().any(|client| client.leads_to(journey.id()))
        };
        let requires_pairing = policy.settings().pairing == PairingRule::Required;
        let journeys = self.journeys.values().filter(|_| requires_pairing).filter(is_run);
        let unpaired =
            journeys.filter_map(|journey| Some((journey.id(), journey.unpaired_step()?)));
        let unpaired = unpaired.map(|(journey, step)| {
            format!(
                "in the journey `{journey}`, step `{step}` can be reached without pairing, \
                 where every code is denied: lead to it through pair_with_support",
            )
        });
        let unpaired: Vec<_> = unpaired.collect();
        let desk = crate::warnings::of_desk(application, self.providers.values());
        let odds = (!policy.has_safe_odds()).then_some(odds);
        let burning = policy.lets_strangers_burn_codes().then(|| burning.to_owned());
        let openid = crate::warnings::of_openid(application, &self.journeys);
        odds.into_iter().chain(burning).chain(unpaired).chain(desk).chain(openid).collect()
    }
}

fn journeys(reading: &mut Reading, known: &mut Known) -> BTreeMap<JourneyId, Arc<Journey>> {
    let mut files = BTreeMap::<JourneyId, String>::new();
    let mut drafts = Vec::new();
    for (file, text) in reading.texts("journeys") {
        if let Some((id, line)) = declared(&file, &text) {
            if let Some(other) = files.get(&id) {
                reading.note(&file, line, format!("the journey `{id}` is also in {other}"));
            } else {
                files.insert(id, file.clone());
            }
        }
        drafts.push(Draft::parse(&file, &text));
    }
    known.journeys.extend(files.into_keys());
    let (journeys, problems) = definitions::link(drafts, &known.journeys);
    reading.note_all(problems);
    journeys.into_iter().map(|journey| (journey.id().clone(), Arc::new(journey))).collect()
}

/// The journey that a file is meant to define, even if the file is not valid, so that a reference to it
/// is not reported as a second mistake. A file that is not YAML counts by its name.
fn declared(file: &str, text: &str) -> Option<(JourneyId, Option<u64>)> {
    let Ok(node) = Node::parse(file, text, LIMITS) else {
        let stem = Path::new(file).file_stem()?.to_str()?;
        return Some((JourneyId::parse(stem).ok()?, None));
    };
    let Content::Map(members) = &node.content else { return None };
    let (_, id) = members.iter().find(|(key, _)| key.text == "id")?;
    let Content::Text(text) = &id.content else { return None };
    Some((JourneyId::parse(text).ok()?, Some(id.line)))
}

fn directories(reading: &mut Reading, known: &mut Known) {
    for (file, text) in reading.texts("users") {
        let users = reading.parse(&file, &text, |_, notes, node| users::read(notes, node));
        known.directories.insert(file, users.map(Arc::new));
    }
}

fn applications(reading: &mut Reading, known: &mut Known) -> BTreeMap<ApplicationId, Application> {
    let texts = reading.texts("applications");
    if texts.is_empty() {
        let reason = "must hold an application: a file whose name ends in `.yaml`";
        reading.note("applications", None, reason);
    }
    let mut applications = BTreeMap::new();
    for (file, text) in texts {
        let read = reading.parse(&file, &text, |reading, notes, node| {
            application::read(reading, notes, known, node)
        });
        applications.extend(read.map(|application| (application.id.clone(), application)));
    }
    applications
}

fn providers(
    reading: &mut Reading,
    known: &mut Known,
    applications: &BTreeMap<ApplicationId, Application>,
) -> BTreeMap<ProviderId, AgentProvider> {
    let mut providers = BTreeMap::new();
    for (file, text) in reading.texts("agents") {
        let read = reading.parse(&file, &text, |reading, notes, node| {
            agents::read(reading, notes, known, applications, node)
        });
        providers.extend(read.map(|provider| (provider.id.clone(), provider)));
    }
    providers
}
