# Which packages a crate needs where it is loaded, and what is known of them.

#' Find the packages a crate needs
#'
#' Those named in its code with `::`, and those whose `predict()` or `print()` methods serve the classes
#' of its objects: without them, `stats::predict()` finds no method, or the wrong one.
#'
#' @param also Names of further packages.
#' @returns Named character: versions by package, in the order of names, without base.
#' @noRd
crate_packages <- function(crate, also = NULL, call = rlang::caller_env()) {
  named <- unlist(lapply(crate_functions(crate), function(fn) packages_in_code(body(fn))))
  objects <- as.list(environment(crate), all.names = TRUE)
  owning <- unlist(lapply(objects, packages_of_object))
  found <- setdiff(as.character(c(named, owning, also)), "base")
  absent <- Filter(function(package) !nzchar(system.file(package = package)), found)
  if (length(absent) > 0) abort_missing_packages(absent, "The crate needs", call)
  found <- sort(found, method = "radix")
  vapply(found, function(package) as.character(utils::packageVersion(package)), "")
}

packages_in_code <- function(code) {
  if (!is.call(code)) return(character())
  head <- code[[1]]
  if (is.name(head) && as.character(head) %in% c("::", ":::")) return(as.character(code[[2]]))
  loads <- c("library", "require", "requireNamespace", "loadNamespace")
  loaded <- if (is.name(head) && as.character(head) %in% loads && length(code) > 1) {
    if (is.character(code[[2]]) || is.name(code[[2]])) as.character(code[[2]])
  }
  # In a loop: an empty argument, as in x[, 1], cannot be passed to a function.
  inner <- character()
  for (i in seq_along(code)) {
    if (is.call(code[[i]])) inner <- c(inner, packages_in_code(code[[i]]))
  }
  c(loaded, inner)
}

# The packages behind an object, and behind the model inside it where it is a wrapper of one.
packages_of_object <- function(object) {
  if (!is.object(object) && !is.list(object) && !is.function(object)) return(NULL)
  if (is.function(object)) {
    namespace <- topenv(environment(object) %||% baseenv())
    return(if (isNamespace(namespace)) getNamespaceName(namespace))
  }
  inner <- if (isS4(object)) {
    NULL
  } else if (is.list(object)) {
    plain <- unclass(object)
    wrapped <- plain[intersect(names(plain), c("finalModel", "fit", "model", "learner"))]
    plain_list <- identical(class(object), "list")
    if (plain_list) plain else Filter(function(x) is.list(x) || isS4(x), wrapped)
  }
  c(
    attr(class(object), "package"),
    # As in lm(y ~ splines::bs(x)): evaluated again for every prediction.
    if (is.list(object)) packages_in_code(unclass(object)[["terms"]]),
    unlist(lapply(class(object), packages_of_class)),
    unlist(lapply(unname(inner), packages_of_object))
  )
}

packages_of_class <- function(class) {
  unlist(lapply(c("predict", "print"), function(generic) {
    method <- utils::getS3method(generic, class, optional = TRUE)
    namespace <- if (!is.null(method)) topenv(environment(method) %||% baseenv())
    if (isNamespace(namespace)) getNamespaceName(namespace)
  }))
}

abort_missing_packages <- function(packages, need, call = rlang::caller_env()) {
  quoted <- paste0("\"", packages, "\"", collapse = ", ")
  install <- if (length(packages) == 1) quoted else paste0("c(", quoted, ")")
  names <- paste(packages, collapse = ", ")
  abort(
    c(
      "{need} {cli::qty(packages)}{?a package that is/packages that are} not installed: {names}.",
      i = "Install with `install.packages({install})`."
    ),
    "missing_package",
    packages = packages,
    call = call
  )
}

#' What a crate was made with
#'
#' @param packages From `crate_packages()`.
#' @returns A list, the content of `r_env.yaml`.
#' @noRd
r_environment <- function(packages) {
  sources <- vapply(names(packages), package_source, "")
  list(
    r_version = as.character(getRversion()),
    platform = R.version$platform,
    locale = Sys.getlocale("LC_CTYPE"),
    packages = unname(Map(
      function(name, version, source) list(name = name, version = version, source = source),
      names(packages), packages, sources
    )),
    repositories = as.list(getOption("repos"))
  )
}

package_source <- function(package) {
  field <- function(name) {
    value <- suppressWarnings(utils::packageDescription(package, fields = name))
    if (is.na(value)) NULL else value
  }
  if (identical(field("Priority"), "base")) return("base")
  if (!is.null(field("RemoteType")) && !is.null(field("RemoteRepo"))) {
    return(paste0(
      field("RemoteType"), ": ", field("RemoteUsername"), "/", field("RemoteRepo"), "@",
      field("RemoteSha")
    ))
  }
  if (!is.null(field("biocViews"))) return("Bioconductor")
  field("Repository") %||% "local"
}
