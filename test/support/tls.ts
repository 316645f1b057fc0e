// A self-signed certificate for hooks.example.com, for tests of TLS on this machine. Its key is public, and nothing else
// trusts it.

/** PEM. */
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzXHLepTROYqJsLSm
52DypOiXOTR5c+UrXmh2eoejMWahRANCAARO6cPvXrZS0GCblXQsjLvVjmWy20vl
lZRg6cGabOxDfQhtSKxvc7NoAqls7gOWpjHgBd8gd29yGROF3xveQlek
-----END PRIVATE KEY-----
`

/** PEM; good from 2020 until 2120. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFob29rcy5l
eGFtcGxlLmNvbTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHDEa
MBgGA1UEAwwRaG9va3MuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARO6cPvXrZS0GCblXQsjLvVjmWy20vllZRg6cGabOxDfQhtSKxvc7NoAqls
7gOWpjHgBd8gd29yGROF3xveQleko1AwTjAPBgNVHRMBAf8EBTADAQH/MBwGA1Ud
EQQVMBOCEWhvb2tzLmV4YW1wbGUuY29tMB0GA1UdDgQWBBRXiuCRGGc19jJMj1EB
UhegpZt8izAKBggqhkjOPQQDAgNJADBGAiEAlQLwaQ2hvajfuzvXmsd7e2Uer0Xn
bN5/nlEUpoeOE6YCIQDCISBWvgeX30rDcTb1NZzVBtK1Ne3svfobJJM6YTEWOw==
-----END CERTIFICATE-----
`
