# All texts are UTF-8 on the wire and on disk, whatever the locale of the session.

# Run the script of this name in a locale; returns what it read back.
track_in <- function(locale, uri) {
  result <- withr::local_tempfile()
  said <- run_r(
    readLines(test_path("in-a-locale.R")), c(LC_ALL = locale, LOCPATH = locale_folder()), c(uri, result)
  )
  if (!file.exists(result)) stop(paste(said, collapse = "\n"))
  readRDS(result)
}

# Locales that the system need not have, made once.
locale_folder <- function() {
  if (is.null(servers$locales)) {
    servers$locales <- withr::local_tempdir(.local_envir = teardown_env())
    made <- system2(
      "localedef",
      c("-i", "nl_NL", "-f", "ISO-8859-1", file.path(servers$locales, "nl_NL.ISO-8859-1")),
      stdout = FALSE, stderr = FALSE
    )
    stopifnot(made == 0)
  }
  servers$locales
}

for (locale in c("C", "nl_NL.ISO-8859-1")) {
  test_that(paste("texts are UTF-8 in the locale", locale), {
    skip_if(!nzchar(Sys.which("localedef")), "localedef is not installed")
    uri <- local_tracking()
    read <- track_in(locale, uri)
    bytes <- function(...) lapply(c(...), charToRaw)
    utf8 <- "caf\u00e9 \u2014 \u65e5\u672c"
    latin1 <- "na\u00efve"
    expect_identical(rawToChar(read$charset[[1]]), if (locale == "C") "ANSI_X3.4-1968" else "ISO-8859-1")
    expect_identical(read$run_name, bytes(utf8))
    expect_identical(read$param, bytes("caf\u00e9", latin1))
    expect_identical(read$text, bytes(paste0(utf8, "\n", latin1, "\n")))
    expect_identical(unname(read$yaml), bytes(latin1, utf8))
    expect_identical(unname(read$json), bytes(latin1, utf8))
    expect_identical(read$table, bytes(utf8, latin1))
    expect_true(read$found)
    expect_equal(read$predicted, c(2, 3, 2, 3))

    # And so this session finds them.
    run_id <- rawToChar(read$run_id[[1]])
    run <- mlflow_get_run(run_id)
    expect_identical(run$run_name, utf8)
    expect_identical(run$metrics[[1]]$key, "co\u00fbt")
    files <- suppressMessages(mlflow_list_artifacts(run_id = run_id))
    expect_true("notes-caf\u00e9.txt" %in% files$path)
    spec <- read_spec(mlflow_download_artifacts("model", run_id = run_id))
    column <- if (locale == "C") "taste" else "go\u00fbt"
    levels <- stats::setNames(list(c("caf\u00e9", "th\u00e9")), column)
    expect_identical(spec$flavors$crate$input_levels, levels)
    expect_match(spec$signature$inputs, column, fixed = TRUE)
    model <- mlflow_load_model(paste0("runs:/", run_id, "/model"))
    new <- stats::setNames(data.frame(c("th\u00e9", "caf\u00e9")), column)
    expect_equal(unname(mlflow_predict(model, new)), c(3, 2))
  })
}
