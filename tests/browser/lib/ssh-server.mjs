/** A real OpenSSH server, whose shell is always the same, whoever runs the tests. */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { Program, run, temporaryFolder } from "./programs.mjs";
import { answers, onFreePort } from "./servers.mjs";

/**
 * `connection`: lines of TOML for a connection that reaches it. `home`: where its shell is.
 *
 * @typedef {{ readonly port: number, readonly home: string, readonly connection: string, stop(): Promise<void> }} SshServer
 */

/** What the server asks for where it has a second factor, and one of the answers: RFC 4226 appendix D. */
export const FACTORS = { password: "correct horse", code: "755224" };
const SECRET = "3132333435363738393031323334353637383930";

/**
 * Starts it. Root needs `/run/sshd`, which is then in a mount namespace of the server's own.
 *
 * @param {{ secondFactor?: boolean }} [options] `secondFactor`: no key opens it but the answers to two questions, by PAM rules
 * of its own; that needs root
 * @returns {Promise<SshServer>}
 */
export function sshd({ secondFactor = false } = {}) {
  return onFreePort(async (port) => {
    const folder = temporaryFolder();
    const at = (/** @type {string} */ name) => `${folder.path}/${name}`;
    mkdirSync(at("home"));
    for (const name of ["host", "user"]) {
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", at(name)]);
    }
    chmodSync(folder.path, 0o700);
    writeFileSync(at("shell"), `#!/bin/sh
cd '${at("home")}' || exit
case $SSH_ORIGINAL_COMMAND in
  */sftp-server) exec "$SSH_ORIGINAL_COMMAND" ;;
esac
exec env -i HOME='${at("home")}' PATH="$PATH" TERM="$TERM" LANG=C.UTF-8 HISTFILE= PS1='$ ' bash --norc --noprofile -i
`, { mode: 0o755 });
    writeFileSync(at("config"), [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${at("host")}`,
      `AuthorizedKeysFile ${at("user.pub")}`,
      `PidFile ${at("pid")}`,
      `ForceCommand ${at("shell")}`,
      `PermitRootLogin ${secondFactor ? "yes" : "prohibit-password"}`,
      "PasswordAuthentication no",
      `KbdInteractiveAuthentication ${secondFactor ? "yes" : "no"}`,
      `AuthenticationMethods ${secondFactor ? "keyboard-interactive" : "publickey"}`,
      "StrictModes no",
      `UsePAM ${secondFactor ? "yes" : "no"}`,
      "Subsystem sftp /usr/lib/openssh/sftp-server",
      "",
    ].join("\n"));
    writeRules(folder.path);
    const server = ["/usr/sbin/sshd", "-D", "-e", "-f", at("config")];
    const rules = secondFactor ? `mount --bind '${at("pam.d")}' /etc/pam.d && ` : "";
    const program = process.getuid?.() === 0
      ? new Program("unshare", ["--mount", "sh", "-c", `${rules}mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && exec "$@"`, "sh", ...server])
      : new Program("/usr/sbin/sshd", server.slice(1));
    const stop = async () => {
      await program.stop();
      folder.remove();
    };
    try {
      await program.until("listener", () => answers(port));
    } catch (error) {
      await stop();
      throw error;
    }
    const connection = [
      `username = ${JSON.stringify(userInfo().username)}`,
      ...(secondFactor ? [] : [`parameters.private-key = ${JSON.stringify(readFileSync(at("user"), "utf8"))}`]),
      `parameters.host-key = ${JSON.stringify(readFileSync(at("host.pub"), "utf8").trim())}`,
      "",
    ].join("\n");
    return { port, home: at("home"), connection, stop };
  });
}

/** Rules by which PAM asks for a password and then for a code. @param {string} folder */
function writeRules(folder) {
  const user = userInfo().username;
  writeFileSync(`${folder}/check`, `#!/bin/sh
word=$(tr -d '\\000')
[ "$PAM_USER" = '${user}' ] && [ "$word" = '${FACTORS.password}' ]
`, { mode: 0o755 });
  writeFileSync(`${folder}/codes`, `HOTP ${user} - ${SECRET}\n`, { mode: 0o600 });
  mkdirSync(`${folder}/pam.d`);
  for (const service of ["sshd", "other"]) {
    writeFileSync(`${folder}/pam.d/${service}`, `auth requisite pam_exec.so expose_authtok quiet ${folder}/check
auth required pam_oath.so usersfile=${folder}/codes window=5 digits=6
auth required pam_permit.so
account required pam_permit.so
session required pam_permit.so
`);
  }
}
