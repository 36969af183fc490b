//! Codes that work in one journey only: pairs journeys as the journey runner does, and issues codes
//! with their numbers.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use prost_types::Timestamp;
use serde_json::json;

use crate::calls::{self, Issued, PAIR};
use crate::generator::{Pace, Target, drive};
use crate::pb::code::{
    IssueCodeRequest, IssueCodeResponse, PairJourneyRequest, PairJourneyResponse, PairingFacts,
};
use crate::pb::{body, message};
use crate::stack::{RUNNER, Service, Stack};

/// How long the paired journeys wait, in seconds.
const WAIT: u64 = 3600;

/// The verifier, as the journey runner calls it, with the runner's own key.
pub(crate) fn as_runner(stack: &Stack, kid: &str, verifier: &Service) -> anyhow::Result<Target> {
    let now = seconds()?;
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some("service+jwt".to_owned());
    header.kid = Some(kid.to_owned());
    let claims = json!({
        "iss": RUNNER, "aud": "urn:postern:verifier", "iat": now, "exp": now + WAIT,
        "jti": format!("{:032x}", rand::random::<u128>()), "sub": "journey-runner",
        "application": "load",
    });
    let key = EncodingKey::from_ec_pem(&fs::read(stack.files.path().join("runner/1.pem"))?)?;
    let token = jsonwebtoken::encode(&header, &claims, &key)?;
    Ok(Target { at: vec![verifier.grpc], path: PAIR, token })
}

/// Pairs a journey of each of that many new users and issues a code for it. Every call must succeed.
pub(crate) async fn issue(
    runner: &Target,
    desk: &Target,
    count: usize,
) -> anyhow::Result<Vec<Issued>> {
    let now = seconds()?;
    let at = |seconds: u64| Timestamp { seconds: seconds.cast_signed(), nanos: 0 };
    let journeys = calls::users(count).into_iter().map(|user| Issued {
        user,
        code: String::new(),
        binding: rand::random::<[u8; 16]>().to_vec(),
    });
    let mut journeys: Vec<_> = journeys.collect();
    let pairings = journeys.iter().map(|journey| {
        body(&PairJourneyRequest {
            user: Some(calls::user_id(&journey.user)),
            binding: journey.binding.clone(),
            facts: Some(PairingFacts {
                opened_at: Some(at(now)),
                source_address: "192.0.2.7".to_owned(),
                ..Default::default()
            }),
            session_expires_at: Some(at(now + WAIT)),
        })
    });
    let paired = drive(runner, pairings.collect(), Pace::Full).await?.all_well()?;
    let requests = paired.answers.iter().zip(&journeys).map(|(answer, journey)| {
        let pairing_number = message::<PairJourneyResponse>(answer)?.number;
        let user = Some(calls::user_id(&journey.user));
        Ok(body(&IssueCodeRequest { user, pairing_number, ..Default::default() }))
    });
    let requests = requests.collect::<anyhow::Result<_>>()?;
    let issued = drive(desk, requests, Pace::Full).await?.all_well()?;
    for (answer, journey) in issued.answers.iter().zip(&mut journeys) {
        let IssueCodeResponse { code, paired, .. } = message(answer)?;
        anyhow::ensure!(paired, "a code was issued for no journey");
        journey.code = code;
    }
    Ok(journeys)
}

fn seconds() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
