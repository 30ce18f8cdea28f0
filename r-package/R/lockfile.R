# The file renv.lock: every package a crate needs, those included that others need, in its version.

#' Describe packages as renv does
#'
#' @param packages Names of the packages that are needed.
#' @returns A list, the content of `renv.lock`.
#' @noRd
lockfile <- function(packages) {
  repositories <- as.list(getOption("repos"))
  packages <- sort(with_dependencies(packages), method = "radix")
  list(
    R = list(
      Version = as.character(getRversion()),
      Repositories = unname(Map(function(name, url) list(Name = name, URL = url),
        names(repositories) %||% rep("", length(repositories)), repositories
      ))
    ),
    Packages = stats::setNames(lapply(packages, lockfile_entry), packages)
  )
}

#' Write the lock file of a model
#'
#' @param packages Names of the packages that are needed.
#' @param folder Folder of the model.
#' @noRd
write_lockfile <- function(packages, folder) {
  content <- lockfile(packages)
  text <- jsonlite::toJSON(content, auto_unbox = TRUE, pretty = 2)
  write_utf8(paste0(text, "\n"), file.path(folder, "renv.lock"))
}

lockfile_entry <- function(package) {
  described <- utils::packageDescription(package)
  remote <- described[grepl("^Remote", names(described))]
  source <- list(Package = package, Version = described$Version)
  if (length(remote) > 0) {
    c(source, Source = described$RemoteType, remote)
  } else if (!is.null(described$biocViews)) {
    c(source, Source = "Bioconductor")
  } else {
    c(source, Source = "Repository", Repository = described$Repository %||% "CRAN")
  }
}

# The packages and what they need in turn, without those that come with R.
with_dependencies <- function(packages) {
  found <- character()
  while (length(packages) > 0) {
    own <- Filter(function(package) !comes_with_r(package), packages)
    found <- c(found, own)
    packages <- setdiff(unlist(lapply(own, needed_packages)), found)
  }
  unique(found)
}

comes_with_r <- function(package) {
  package == "R" || identical(utils::packageDescription(package, fields = "Priority"), "base")
}

needed_packages <- function(package) {
  fields <- unlist(utils::packageDescription(package, fields = c("Depends", "Imports", "LinkingTo")))
  names <- trimws(sub("\\(.*", "", unlist(strsplit(as.character(fields[!is.na(fields)]), ","))))
  # What is only linked to need not be there any more.
  Filter(function(name) nzchar(name) && (name == "R" || nzchar(system.file(package = name))), names)
}
