test_that("each addin is a function that needs no arguments", {
  listed <- read.dcf(system.file("rstudio", "addins.dcf", package = "crateflow"))
  expect_identical(colnames(listed), c("Name", "Description", "Binding", "Interactive"))
  for (binding in listed[, "Binding"]) {
    expect_identical(formals(get(binding, asNamespace("crateflow"))), NULL)
  }
})

test_that("the page of a run is that of the active one, or of the last", {
  uri <- local_tracking()
  expect_identical(addin_open_run(), uri)
  with(run <- mlflow_start_run(), {
    page <- addin_open_run()
    expect_identical(page, paste0(uri, "/#/experiments/", run$experiment_id, "/runs/", run$run_id))
  })
  expect_identical(addin_open_run(), page)
  expect_error(mlflow_ui(run_id = strrep("0", 32)), class = "crateflow_error_not_found")
})

test_that("selected code becomes the body of a run", {
  block <- run_block("fit <- lm(dist ~ speed, cars)\n\nmlflow_log_metric(\"rmse\", 1)\n")
  expect_identical(block, paste(
    "with(mlflow_start_run(), {", "  fit <- lm(dist ~ speed, cars)", "", "  mlflow_log_metric(\"rmse\", 1)",
    "})", "",
    sep = "\n"
  ))
  expect_identical(as.character(parse(text = run_block(""))[[1]][[2]]), "mlflow_start_run")
  expect_error(addin_insert_run(), "open in RStudio", class = "crateflow_error_unavailable")
})
