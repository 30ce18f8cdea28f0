# Installs packages in the versions a model was saved with into a library of their own.
#
#   Rscript --vanilla install.R library=FOLDER [versions=any] repository=ADDRESS... package=NAME=VERSION...
#
# What is installed elsewhere in just that version is left there, with versions=any in whatever version; a package
# without a VERSION is taken as it is. Ends with status 2 after a line "NAME VERSION" for each that no repository
# has, and with status 3 where packages are missing and no repository is given. Base R only.

arguments <- commandArgs(trailingOnly = TRUE)
told <- function(key) {
  sub("^[^=]*=", "", arguments[startsWith(arguments, paste0(key, "="))])
}
library_folder <- told("library")
repositories <- told("repository")
wanted <- sub("^[^=]*=", "", told("package"))
names(wanted) <- sub("=.*", "", told("package"))

same_version <- function(a, b) {
  gsub("-", ".", a, fixed = TRUE) == gsub("-", ".", b, fixed = TRUE)
}

is_installed <- function(name, libraries, version = wanted[[name]]) {
  found <- suppressWarnings(utils::packageDescription(name, libraries, fields = "Version"))
  !is.na(found) && (version == "" || same_version(found, version))
}

# R itself writes the 4-1 of a version 1.4-1 as 4.1: only the file's name tells which it is.
spellings <- function(version) {
  dots <- gregexpr(".", version, fixed = TRUE)[[1L]]
  hyphened <- vapply(dots[dots > 0L], function(at) {
    paste0(substr(version, 1L, at - 1L), "-", substring(version, at + 1L))
  }, "")
  c(version, hyphened)
}

# Today's version of a package lies beside the index of a repository, earlier ones in its archive.
addresses <- function(name, version) {
  is_it <- index[, "Package"] == name & (version == "" | same_version(index[, "Version"], version))
  current <- index[is_it, , drop = FALSE]
  files <- paste0(name, "_", spellings(version), ".tar.gz")
  archived <- lapply(contrib, function(address) paste(address, "Archive", name, files, sep = "/"))
  c(sprintf("%s/%s_%s.tar.gz", current[, "Repository"], name, current[, "Version"]), unlist(archived))
}

download <- function(name, version) {
  for (address in addresses(name, version)) {
    file <- file.path(sources, basename(address))
    status <- tryCatch(
      utils::download.file(address, file, quiet = TRUE, mode = "wb"),
      error = function(condition) 1L,
      warning = function(condition) 1L
    )
    if (status == 0L) {
      return(TRUE)
    }
    unlink(file)
  }
  FALSE
}

good <- if (identical(told("versions"), "any")) replace(wanted, TRUE, "") else wanted
missing <- Filter(function(name) !is_installed(name, c(library_folder, .libPaths()), good[[name]]), names(wanted))
if (length(missing) > 0L) {
  if (length(repositories) == 0L) {
    message("No repository is given (--r-repository) for ", paste(missing, wanted[missing], collapse = ", "))
    quit(status = 3L)
  }
  contrib <- utils::contrib.url(repositories, "source")
  index <- utils::available.packages(contrib, filters = list())
  sources <- file.path(tempfile("repository-"), "src", "contrib")
  dir.create(sources, recursive = TRUE)
  absent <- Filter(function(name) !download(name, wanted[[name]]), missing)
  if (length(absent) > 0L) {
    writeLines(paste(absent, wanted[absent]))
    message("In no repository, archives included: ", paste(absent, wanted[absent], collapse = ", "))
    quit(status = 2L)
  }
  # A repository of just these versions comes before the others, which have what nobody recorded.
  tools::write_PACKAGES(sources, type = "source")
  ours <- utils::available.packages(paste0("file://", sources), filters = list())
  others <- utils::available.packages(contrib)
  others <- others[!others[, "Package"] %in% ours[, "Package"], , drop = FALSE]
  utils::install.packages(
    missing,
    lib = library_folder, contriburl = c(paste0("file://", sources), contrib), type = "source",
    available = rbind(ours, others), dependencies = NA, INSTALL_opts = "--no-docs"
  )
  failed <- Filter(function(name) !is_installed(name, library_folder), missing)
  if (length(failed) > 0L) {
    message("Not installed: ", paste(failed, wanted[failed], collapse = ", "))
    quit(status = 1L)
  }
}
