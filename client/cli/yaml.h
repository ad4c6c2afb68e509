/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_YAML_H
#define MLTCTL_YAML_H

/** A YAML or JSON file ("-": standard input) as one JSON text, to be freed. Anchors and merge keys are resolved. Exits
 *  with CLI_FAILED and the place of what is wrong; more than 4 MiB are refused. */
char *yaml_to_json(const char *path);

#endif
