//! Ed25519 for the compile cache: what is loaded from it is code, so it is verified first.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Bytes of a secret key (the seed of RFC 8032) and of a public key.
const KEY_BYTES: usize = 32;

/// The public key of a secret key.
#[pyfunction]
pub(crate) fn ed25519_public_key(seed: &[u8]) -> PyResult<[u8; KEY_BYTES]> {
    Ok(signing_key(seed)?.verifying_key().to_bytes())
}

#[pyfunction]
pub(crate) fn ed25519_sign(seed: &[u8], message: &[u8]) -> PyResult<[u8; Signature::BYTE_SIZE]> {
    Ok(signing_key(seed)?.sign(message).to_bytes())
}

/// Whether this is the signature of the message. Malleable signatures and weak keys are refused;
/// what is no key or no signature at all has signed nothing.
#[pyfunction]
pub(crate) fn ed25519_verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(bytes) = <[u8; KEY_BYTES]>::try_from(public) else {
        return false;
    };
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_bytes(&bytes),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify_strict(message, &signature).is_ok()
}

fn signing_key(seed: &[u8]) -> PyResult<SigningKey> {
    let seed = <[u8; KEY_BYTES]>::try_from(seed)
        .map_err(|_| PyValueError::new_err("a secret key has 32 bytes"))?;
    Ok(SigningKey::from_bytes(&seed))
}
