// What is used of sigstore's libraries, and what opens cosign's key files, as one file that is loaded where a signature
// asks for it (scripts/bundle.mjs).
export { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
export { bundleFromJSON } from '@sigstore/bundle';
export { X509Certificate } from '@sigstore/core';
export { TrustedRoot } from '@sigstore/protobuf-specs';
export { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
