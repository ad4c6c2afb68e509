/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CERTIFICATES_H
#define MLT_CERTIFICATES_H

/** Write a key and a certificate that signs itself (its own CA), for @alternative_names as OpenSSL writes them
 *  ("DNS:localhost,IP:127.0.0.1"), valid from yesterday for ten days, to @key_file and @certificate_file (PEM). */
void make_certificate(const char *alternative_names, const char *key_file, const char *certificate_file);

#endif
