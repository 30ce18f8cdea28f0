test_that("a lock file names the packages needed, and those they need", {
  lock <- lockfile(c("stats", "rpart", "testthat"))
  expect_identical(lock$R$Version, as.character(getRversion()))
  expect_true(all(c("rpart", "testthat", "cli", "rlang", "R6") %in% names(lock$Packages)))
  expect_false(any(c("stats", "methods", "R") %in% names(lock$Packages)))
  expect_identical(names(lock$Packages), sort(names(lock$Packages), method = "radix"))
  described <- utils::packageDescription("rpart")
  expect_identical(
    lock$Packages$rpart[c("Package", "Version", "Source")],
    list(Package = "rpart", Version = described$Version, Source = "Repository")
  )
})

test_that("where packages come from is told as renv tells it", {
  withr::local_options(repos = c(here = "https://packages.invalid/today"))
  folder <- withr::local_tempdir()
  write_lockfile("rpart", folder)
  text <- readLines(file.path(folder, "renv.lock"))
  lock <- jsonlite::fromJSON(text, simplifyVector = FALSE)
  expect_identical(lock$R$Repositories, list(list(Name = "here", URL = "https://packages.invalid/today")))
  expect_identical(names(lock$Packages), "rpart")
})

test_that("without packages the file is an object all the same", {
  folder <- withr::local_tempdir()
  write_lockfile("stats", folder)
  expect_match(paste(readLines(file.path(folder, "renv.lock")), collapse = ""), "\"Packages\": \\{ *\\}")
})
