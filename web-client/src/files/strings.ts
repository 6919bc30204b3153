/** The words of the file panel. They are loaded with it. */

const english = {
  title: "Files",
  close: "Close",
  home: "Folder",
  upload: "Upload",
  newFolder: "New folder",
  folderName: "Name of the folder",
  newName: "New name",
  rename: "Rename",
  remove: "Delete",
  removeAsk: "Delete for good?",
  replaceAsk: "is there already. Replace it?",
  replace: "Replace",
  yes: "Delete",
  no: "Keep",
  ok: "OK",
  cancel: "Cancel",
  empty: "This folder is empty.",
  dropHint: "Drop files here to upload them.",
  free: "free",
  offered: "The remote offers a file:",
  download: "Download",
  transfers: "Transfers",
  waiting: "Waiting",
  finished: "Done",
  retry: "Try again",
  failed: "That did not work:",
  tooMany: "Only the first files of this folder are uploaded.",
  connection_lost: "the connection was lost meanwhile",
  cancelled: "cancelled",
  changed: "the file has changed meanwhile",
  unreadable: "the browser cannot read the file",
  unwritable: "the browser cannot save the file",
} as const;

/** Every text, by its name. */
export type FileStrings = { readonly [K in keyof typeof english]: string };

const german: FileStrings = {
  title: "Dateien",
  close: "Schließen",
  home: "Ordner",
  upload: "Hochladen",
  newFolder: "Neuer Ordner",
  folderName: "Name des Ordners",
  newName: "Neuer Name",
  rename: "Umbenennen",
  remove: "Löschen",
  removeAsk: "Endgültig löschen?",
  replaceAsk: "gibt es schon. Ersetzen?",
  replace: "Ersetzen",
  yes: "Löschen",
  no: "Behalten",
  ok: "OK",
  cancel: "Abbrechen",
  empty: "Dieser Ordner ist leer.",
  dropHint: "Dateien hierher ziehen, um sie hochzuladen.",
  free: "frei",
  offered: "Der entfernte Rechner bietet eine Datei an:",
  download: "Herunterladen",
  transfers: "Übertragungen",
  waiting: "Wartet",
  finished: "Fertig",
  retry: "Erneut versuchen",
  failed: "Das ging nicht:",
  tooMany: "Nur die ersten Dateien dieses Ordners werden hochgeladen.",
  connection_lost: "die Verbindung war inzwischen unterbrochen",
  cancelled: "abgebrochen",
  changed: "die Datei hat sich inzwischen geändert",
  unreadable: "der Browser kann die Datei nicht lesen",
  unwritable: "der Browser kann die Datei nicht speichern",
};

/** The words for a BCP 47 tag; English where there are no others. */
export function fileStringsFor(language: string): FileStrings {
  return language.toLowerCase().startsWith("de") ? german : english;
}
