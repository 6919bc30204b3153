use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use porthole_token::{
    Algorithm, Claims, Grant, HmacSecret, KeySet, Permissions, Policy, SigningKey, Target,
    TokenError, Verifier, mint,
};
use rcgen::PublicKeyData as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{TokenService, now_unix_s};
use crate::config::{JwksSource, Tokens};

/// A P-256 key of a portal's, and its entry in a key set.
struct PortalKey {
    signing: SigningKey,
    entry: String,
}

impl PortalKey {
    fn new(kid: &str) -> Self {
        let pair = rcgen::KeyPair::generate().unwrap();
        let signing = SigningKey::from_pem(pair.serialize_pem().as_bytes()).unwrap();
        // The uncompressed point: 4, then x and y.
        let point = pair.der_bytes();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let entry = format!(r#"{{"kty":"EC","crv":"P-256","kid":"{kid}","x":"{x}","y":"{y}"}}"#);
        Self { signing: signing.with_kid(kid).unwrap(), entry }
    }
}

/// A web server with one key set, which can change.
struct KeyServer {
    address: std::net::SocketAddr,
    body: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
}

impl KeyServer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            body: Arc::default(),
            asked: Arc::default(),
        };
        let (body, asked) = (Arc::clone(&server.body), Arc::clone(&server.asked));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let read = stream.read(&mut request).await.unwrap();
                assert!(request[..read].starts_with(b"GET /keys?client=7 HTTP/1.1\r\n"));
                asked.fetch_add(1, Ordering::SeqCst);
                let body = body.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let answer = match body {
                    Some(body) => {
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                    }
                    None => "HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n".to_owned(),
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        server
    }

    fn serve(&self, keys: &[&PortalKey]) {
        let entries: Vec<_> = keys.iter().map(|key| key.entry.as_str()).collect();
        self.serve_text(Some(format!(r#"{{"keys":[{}]}}"#, entries.join(","))));
    }

    fn serve_text(&self, text: Option<String>) {
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn service(&self) -> TokenService {
        let url = format!("http://{}/keys?client=7", self.address).parse().unwrap();
        let source = JwksSource { url, tls: porthole_dial::TlsSettings::default() };
        TokenService::new(&tokens(KeySet::new(), vec![source]))
    }
}

fn tokens(keys: KeySet, jwks: Vec<JwksSource>) -> Tokens {
    let policy = Policy {
        algorithms: vec![Algorithm::Es256, Algorithm::Hs256],
        issuers: vec!["portal".to_owned()],
        audiences: vec!["desk".to_owned()],
        ..Policy::default()
    };
    Tokens {
        verifier: Verifier::new(keys, policy).unwrap(),
        jwks,
        jwks_refresh: std::time::Duration::from_secs(300),
        single_use: true,
        spent_max: 10,
        signing: None,
    }
}

fn token(key: &SigningKey, jti: &str) -> String {
    let claims = Claims {
        iss: "portal".to_owned(),
        aud: vec!["desk".to_owned()],
        sub: None,
        name: None,
        jti: jti.to_owned(),
        exp: now_unix_s() + 600,
        nbf: None,
        iat: None,
        porthole: Grant {
            target: Target::Connection { connection: "lab".to_owned() },
            allow: Permissions::default(),
            session_max_s: None,
        },
    };
    mint(&claims, key).unwrap()
}

/// Lets so much time pass for timers. Sockets go on with real time meanwhile.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn fetches_keys_and_follows_their_rotation() {
    let server = KeyServer::start().await;
    let (first, second) = (PortalKey::new("1"), PortalKey::new("2"));
    server.serve(&[&first]);
    let service = server.service();
    assert!(!service.is_ready());
    assert!(service.verify(&token(&first.signing, "a")).await.is_ok());
    assert!(service.is_ready());
    assert_eq!(server.asked(), 1);

    // A key that nobody has is asked for at most every ten seconds.
    let unknown = service.verify(&token(&second.signing, "b")).await;
    assert!(matches!(unknown, Err(TokenError::UnknownKey { .. })), "{unknown:?}");
    assert_eq!(server.asked(), 1);

    server.serve(&[&second]);
    pass(11).await;
    assert!(service.verify(&token(&second.signing, "b")).await.is_ok());
    assert_eq!(server.asked(), 2);
    let old = service.verify(&token(&first.signing, "c")).await;
    assert!(matches!(old, Err(TokenError::UnknownKey { .. })), "{old:?}");
}

#[tokio::test]
async fn nobody_waits_while_others_are_decrypted() {
    let server = KeyServer::start().await;
    let key = PortalKey::new("1");
    server.serve(&[&key]);
    let service = server.service();
    let turns = u32::try_from(service.inner.decrypting.available_permits()).unwrap();
    let busy = service.inner.decrypting.acquire_many(turns).await.unwrap();
    let other = service.clone();
    let waiting = tokio::spawn(async move { other.verify("five.parts.without.a.key").await });
    assert!(service.verify(&token(&key.signing, "a")).await.is_ok());
    assert!(!waiting.is_finished());
    drop(busy);
    let refused = waiting.await.unwrap();
    assert!(refused.is_err_and(|error| error.cause() == "encrypted"));
}

#[tokio::test]
async fn keeps_the_old_keys_when_fetching_fails() {
    let server = KeyServer::start().await;
    let (key, stranger) = (PortalKey::new("1"), PortalKey::new("2"));
    server.serve(&[&key]);
    let service = server.service();
    assert!(service.verify(&token(&key.signing, "a")).await.is_ok());
    let broken = [
        None,
        Some("not json".to_owned()),
        Some(r#"{"keys":[]}"#.to_owned()),
        Some(" ".repeat((256 << 10) + 1)),
    ];
    for (index, text) in broken.into_iter().enumerate() {
        server.serve_text(text);
        pass(11).await;
        assert!(service.verify(&token(&stranger.signing, "b")).await.is_err());
        assert_eq!(server.asked(), index + 2);
        assert!(service.verify(&token(&key.signing, "c")).await.is_ok());
    }
}

#[tokio::test]
async fn asks_once_for_many_that_wait() {
    let server = KeyServer::start().await;
    let key = PortalKey::new("1");
    server.serve(&[&key]);
    let service = server.service();
    let token = token(&key.signing, "a");
    let verified = futures_util::future::join_all((0..8).map(|_| service.verify(&token))).await;
    assert!(verified.iter().all(Result::is_ok), "{verified:?}");
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn keeps_keys_fresh() {
    let server = KeyServer::start().await;
    server.serve(&[&PortalKey::new("1")]);
    let service = server.service();
    let keeping = service.clone();
    let task = tokio::spawn(async move { keeping.keep_fresh().await });
    while !service.is_ready() {
        tokio::task::yield_now().await;
    }
    task.abort();
}

#[tokio::test]
async fn spends_a_token_once() {
    let secret = HmacSecret::new(&[7; 32]).unwrap();
    let key = SigningKey::from_secret(&secret);
    let mut keys = KeySet::new();
    keys.add(key.verifying_key().clone()).unwrap();
    let mut config = tokens(keys, Vec::new());
    let service = TokenService::new(&config);
    let text = token(&key, "a");
    let verified = service.verify(&text).await.unwrap();
    service.spend(&verified).unwrap();
    assert_eq!(service.spend(&verified), Err(TokenError::AlreadySpent));
    // Coming back does not spend.
    assert!(service.verify_returning(&text).await.is_ok());

    config.single_use = false;
    let service = TokenService::new(&config);
    service.spend(&verified).unwrap();
    service.spend(&verified).unwrap();
}
